//! A proxy between the service and a server, which a test can stall: connections stay open, and nothing passes.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A proxy that serves until it is dropped.
pub struct StallingProxy {
    /// Base URL, without a slash at the end.
    pub url: String,
    is_stalled: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl StallingProxy {
    /// Starts a proxy before a server at an `http://` URL.
    pub async fn start(server: &str) -> Self {
        let server = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (is_stalled, receiver) = watch::channel(false);
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connect(client, server.clone(), receiver.clone()));
            }
        });
        Self { url, is_stalled, serving }
    }

    pub fn set_stalled(&self, is_stalled: bool) {
        self.is_stalled.send_replace(is_stalled);
    }
}

impl Drop for StallingProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn connect(client: TcpStream, server: String, is_stalled: watch::Receiver<bool>) {
    let Ok(server) = TcpStream::connect(&server).await else { return };
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    // When one side closes its connection, the other is closed too.
    tokio::select! {
        () = forward(from_client, to_server, is_stalled.clone()) => {}
        () = forward(from_server, to_client, is_stalled) => {}
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut is_stalled: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if is_stalled.wait_for(|stalled| !stalled).await.is_err()
            || to.write_all(&buffer[..length]).await.is_err()
        {
            return;
        }
    }
}
