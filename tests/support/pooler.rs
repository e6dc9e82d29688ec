//! A pooler in transaction mode on a free port, as PgBouncer is one: it lends a connection of the server from the first
//! statement of a transaction to its end. A connection that was given back last is lent first.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The code of a request for TLS, which takes the place of the protocol's version.
const TLS_REQUEST: u32 = 80_877_103;

/// How the pooler lends connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// For one transaction.
    Transaction,
    /// For one statement; transactions are refused.
    Statement,
}

/// A pooler that runs until it is dropped.
pub struct Pooler {
    pub port: u16,
    running: JoinHandle<()>,
}

struct Lender {
    server: String,
    database: String,
    mode: PoolMode,
    idle: Mutex<Vec<TcpStream>>,
}

impl Pooler {
    /// Starts a pooler before a database of the server at `host:port`, where the user `calliope` needs no password.
    pub async fn start(server: &str, database: &str, mode: PoolMode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (server, database) = (server.to_owned(), database.to_owned());
        let lender = Arc::new(Lender { server, database, mode, idle: Mutex::default() });
        let running = tokio::spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let lender = Arc::clone(&lender);
                // A client that goes away is no fault.
                clients.spawn(async move { lender.serve(client).await.err() });
            }
        });
        Self { port, running }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Lender {
    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        loop {
            let startup = read_startup(&mut client).await?;
            if startup.get(..4) != Some(&TLS_REQUEST.to_be_bytes()) {
                break;
            }
            client.write_all(b"N").await?;
        }
        let mut hello = message(b'R', &0_u32.to_be_bytes());
        for (name, value) in [("server_version", "15.0"), ("client_encoding", "UTF8")] {
            hello.extend(message(b'S', format!("{name}\0{value}\0").as_bytes()));
        }
        hello.extend(message(b'K', &[0; 8]));
        hello.extend(message(b'Z', b"I"));
        client.write_all(&hello).await?;
        let mut lent = None;
        loop {
            let (kind, body) = read_message(&mut client).await?;
            if kind == b'X' {
                return Ok(());
            }
            if kind == b'Q' && body.starts_with(b"BEGIN") && self.mode == PoolMode::Statement {
                let reason =
                    "SERROR\0C08P01\0Mtransaction blocks not allowed in statement pooling mode\0\0";
                let mut refusal = message(b'E', reason.as_bytes());
                refusal.extend(message(b'Z', b"I"));
                client.write_all(&refusal).await?;
                continue;
            }
            if lent.is_none() {
                lent = Some(self.borrow().await?);
            }
            let Some(server) = lent.as_mut() else { continue };
            server.write_all(&message(kind, &body)).await?;
            if kind != b'Q' && kind != b'S' {
                continue;
            }
            let is_over = loop {
                let (kind, body) = read_message(server).await?;
                client.write_all(&message(kind, &body)).await?;
                if kind == b'Z' {
                    break body == b"I";
                }
            };
            if is_over && let Some(server) = lent.take() {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(server);
            }
        }
    }

    async fn borrow(&self) -> io::Result<TcpStream> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(server) = idle {
            return Ok(server);
        }
        let mut server = TcpStream::connect(&self.server).await?;
        server.set_nodelay(true)?;
        let mut startup = 196_608_u32.to_be_bytes().to_vec();
        for text in ["user", "calliope", "database", &self.database, "TimeZone", "UTC", ""] {
            startup.extend(text.as_bytes());
            startup.push(0);
        }
        let length = u32::try_from(startup.len() + 4).expect("short");
        server.write_all(&[&length.to_be_bytes()[..], &startup].concat()).await?;
        while read_message(&mut server).await?.0 != b'Z' {}
        Ok(server)
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("short");
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

async fn read_startup(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = from.read_u32().await? as usize;
    let mut body = vec![0; length - 4];
    from.read_exact(&mut body).await?;
    Ok(body)
}

async fn read_message(from: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let kind = from.read_u8().await?;
    Ok((kind, read_startup(from).await?))
}
