//! Certificates of servers: which are trusted, and what a note says about those that are not.

use std::io::Write;
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::Duration;

use calliope::compute::Compute;
use calliope::http_client;
use calliope::inference::{Model, ProviderClient, Registry};
use calliope::settings::ProviderSettings;

use super::failures::good_answer;
use super::support::fixture;
use super::support::tls_server::TlsServer;
use super::{Capability, ask, model_chains, model_session};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Starts a provider with a certificate, which answers every request with a text.
fn start(certificate: &str) -> TlsServer {
    TlsServer::start(certificate, |_| good_answer(Capability::Text).to_string().into_bytes())
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
        let server = start(certificate);
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
    let expired_self_signed = fixture("certificates/expired_self_signed.pem");
    let cases: [(&str, &[u8], &str); 7] = [
        ("server", b"", "its certificate is refused: no trusted authority has signed it"),
        ("self_signed", b"", "its certificate is refused: no trusted authority has signed it"),
        (
            "self_signed",
            &authority,
            "its certificate is refused: no trusted authority has signed it",
        ),
        ("other_name", &authority, "its certificate is refused: it is for another host name"),
        ("expired", &authority, "its certificate is refused: it has expired"),
        ("expired", b"", "its certificate is refused: it has expired"),
        // Even if it is trusted itself.
        ("expired_self_signed", &expired_self_signed, "its certificate is refused: it has expired"),
    ];
    for (certificate, trusted, note) in cases {
        let server = start(certificate);
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
