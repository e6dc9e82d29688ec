//! Certificates of servers: which are trusted, and what a note says about those that are not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use calliope::compute::Compute;
use calliope::http_client;
use calliope::inference::{Model, ProviderClient, Registry};
use calliope::settings::ProviderSettings;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::failures::good_answer;
use super::support::fixture;
use super::{Capability, ask, model_chains, model_session};

const TIMEOUT: Duration = Duration::from_secs(10);

/// A server with a certificate. It serves until the process ends.
struct TlsServer {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl TlsServer {
    fn start(certificate: &str) -> Self {
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
                answer(StreamOwned::new(connection, stream));
            }
        });
        Self { port, connections }
    }
}

/// Answers one request; a client that refuses the certificate sends none.
fn answer(mut stream: StreamOwned<ServerConnection, std::net::TcpStream>) {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    let body = loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        if request.len() >= head.len() + 4 + length {
            break good_answer(Capability::Text).to_string();
        }
    };
    let head =
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body.as_bytes());
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

/// Asks a server at an address for a text, with trust in these certificates. Returns the text and the notes.
async fn told(url: &str, trusted: &[u8]) -> (Option<String>, String) {
    let client = http_client::build_client_trusting(trusted).expect("a client");
    let settings =
        ProviderSettings { openai_base_url: Some(url.to_owned()), ..ProviderSettings::default() };
    let registry = Registry::from_settings(&settings, &ProviderClient::new(client, Compute::new()));
    let session = model_session(registry, model_chains(&Model::new("openai", "m")), TIMEOUT);
    let text = ask(&session, Capability::Text).await;
    (text, session.into_notes_and_memories().0.join(" "))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_certificates_are_trusted() {
    let authority = fixture("certificates/authority.pem");
    let self_signed = fixture("certificates/self_signed.pem");
    for (certificate, trusted) in [("server", &authority), ("self_signed", &self_signed)] {
        let server = TlsServer::start(certificate);
        for host in ["localhost", "127.0.0.1"] {
            let (text, notes) = told(&format!("https://{host}:{}/v1", server.port), trusted).await;
            assert_eq!(text.as_deref(), Some("The fox ran to the sea."), "{certificate}: {notes}");
            assert_eq!(notes, "");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_refused_is_named_and_not_tried_again() {
    let authority = fixture("certificates/authority.pem");
    let cases: [(&str, &[u8], &str); 4] = [
        ("server", b"", "its certificate is refused: no trusted authority has signed it"),
        ("self_signed", b"", "its certificate is refused: no trusted authority has signed it"),
        (
            "self_signed",
            &authority,
            "its certificate is refused: no trusted authority has signed it",
        ),
        ("other_name", &authority, "its certificate is refused: it is for another host name"),
    ];
    for (certificate, trusted, note) in cases {
        let server = TlsServer::start(certificate);
        let (_, notes) = told(&format!("https://localhost:{}/v1", server.port), trusted).await;
        assert!(notes.contains(note), "{certificate}: {notes}");
        assert_eq!(server.connections.load(Ordering::SeqCst), 1, "{certificate}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let (_, notes) = told(&format!("https://localhost:{port}/v1"), b"").await;
    assert!(notes.contains("its address may begin with http://"), "{notes}");
}
