//! A server with one of the certificates in `tests/fixtures/certificates`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::fixture;

/// A server that answers one request of each connection. It serves until the process ends.
pub struct TlsServer {
    pub port: u16,
    pub connections: Arc<AtomicUsize>,
}

impl TlsServer {
    /// Starts a server. `reply_to` returns the body of the answer to a request's body.
    pub fn start(certificate: &str, reply_to: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> Self {
        let pem = fixture(&format!("certificates/{certificate}.pem"));
        let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().expect("PEM");
        let key =
            PrivateKeyDer::from_pem_slice(&fixture("certificates/server.key")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                counter.fetch_add(1, Ordering::SeqCst);
                let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                answer(StreamOwned::new(connection, stream), &reply_to);
            }
        });
        Self { port, connections }
    }
}

/// Answers one request; a client that refuses the certificate sends none.
fn answer(
    mut stream: StreamOwned<ServerConnection, TcpStream>,
    reply_to: &impl Fn(&[u8]) -> Vec<u8>,
) {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    let body = loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
        let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        if let Some(body) = request.get(end + 4..end + 4 + length) {
            break reply_to(body);
        }
    };
    let head =
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body);
    stream.conn.send_close_notify();
    let _ = stream.flush();
}
