//! The pool of connections: what it sends to the server, and what it does with connections that are lost or given back
//! in the middle of something.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use calliope::store::{IdempotencyKey, Store};
use secrecy::ExposeSecret;
use sqlx::{Connection, Executor, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::support::{TestDatabase, pause};
use super::{at, story};
use crate::on_both;

on_both! {
    what_is_given_up_halfway_leaves_no_trace;
    readers_and_writers_at_once_all_get_their_turn;
}

/// A proxy before PostgreSQL that counts how often a client waits for an answer.
struct CountingProxy {
    port: u16,
    round_trips: Arc<AtomicU64>,
}

impl CountingProxy {
    async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let round_trips = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&round_trips);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.expect("the server answers");
                let counter = Arc::clone(&counter);
                // A client that goes away is no fault.
                tokio::spawn(async move { forward(client, server, &counter).await.err() });
            }
        });
        Self { port, round_trips }
    }

    async fn count<T>(&self, work: impl Future<Output = T>) -> u64 {
        let before = self.round_trips.load(Ordering::SeqCst);
        work.await;
        self.round_trips.load(Ordering::SeqCst) - before
    }
}

/// Forwards the messages of a client, and counts those that ask for an answer.
async fn forward(client: TcpStream, server: TcpStream, counter: &AtomicU64) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await.err() });
    // The first messages have no type; a request for TLS comes before the startup.
    loop {
        let length = from_client.read_u32().await?;
        let mut body = vec![0; length as usize - 4];
        from_client.read_exact(&mut body).await?;
        to_server.write_u32(length).await?;
        to_server.write_all(&body).await?;
        if body.get(..4) != Some(&80_877_103_u32.to_be_bytes()) {
            break;
        }
    }
    loop {
        let kind = from_client.read_u8().await?;
        let length = from_client.read_u32().await?;
        let mut body = vec![0; length as usize - 4];
        from_client.read_exact(&mut body).await?;
        if matches!(kind, b'S' | b'Q') {
            counter.fetch_add(1, Ordering::SeqCst);
        }
        let message = [&[kind][..], &length.to_be_bytes(), &body].concat();
        to_server.write_all(&message).await?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_is_one_round_trip_and_a_write_three() {
    let Some(mut database) = TestDatabase::postgres().await else { return };
    let (server, name) = database.postgres.clone().expect("PostgreSQL");
    let address = server.rsplit('@').next().expect("an address").to_owned();
    let proxy = CountingProxy::start(address).await;
    let url = format!("postgres://calliope@127.0.0.1:{}/{name}?sslmode=disable", proxy.port);
    database.settings.url = Some(url.into());
    let store = database.store().await;
    let id = story(&store, "sparrow", at(0)).await;
    let read = async || assert!(store.story(id).await.expect("read").is_some());
    let write = async || {
        let mut tx = store.begin().await.expect("begun");
        tx.lock_client("sparrow", at(1)).await.expect("locked");
        tx.save().await.expect("saved");
    };
    // The first time, each statement is prepared, and the types of its parameters are looked up.
    read().await;
    write().await;
    assert_eq!(proxy.count(read()).await, 1);
    assert_eq!(proxy.count(write()).await, 3);
    // Nothing is sent when a connection is given back either.
    assert_eq!(
        proxy
            .count(async {
                read().await;
                read().await;
            })
            .await,
        2
    );
    store.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ended_are_replaced_unnoticed() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let store = database.store().await;
    let id = story(&store, "sparrow", at(0)).await;
    let url = database.settings.url.clone().expect("a URL");
    let mut admin = PgConnection::connect(url.expose_secret()).await.expect("connected");
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
    // Several connections are open and idle when they are ended.
    let read = || async { store.story(id).await.expect("read").is_some() };
    assert!(
        futures_util::future::join_all((0..8).map(|_| read())).await.into_iter().all(|found| found)
    );
    admin.execute(end_all).await.expect("ended");
    assert!(read().await, "a read");
    admin.execute(end_all).await.expect("ended");
    let mut tx = store.begin().await.expect("a transaction begins");
    tx.lock_client("sparrow", at(1)).await.expect("locked");
    tx.save().await.expect("saved");
    // What has begun is not repeated: its changes may have been seen.
    let mut tx = store.begin().await.expect("begun");
    tx.lock_client("sparrow", at(1)).await.expect("locked");
    admin.execute(end_all).await.expect("ended");
    assert!(tx.save().await.is_err());
    assert!(read().await);
    admin.close().await.expect("closed");
    store.close().await;
    database.remove().await;
}

fn key(number: usize) -> IdempotencyKey {
    IdempotencyKey { scope: "test".to_owned(), key: number.to_string(), fingerprint: [0; 32] }
}

async fn write(store: &Store, number: usize, is_saved: bool) {
    let mut tx = store.begin().await.expect("begun");
    let acquired = tx.acquire_idempotency_key(&key(number), None, at(-1), at(0)).await;
    assert!(acquired.expect("acquired"), "{number} is new");
    if is_saved {
        tx.save().await.expect("saved");
    }
}

async fn what_is_given_up_halfway_leaves_no_trace(database: TestDatabase) {
    let store = database.store().await;
    let id = story(&store, "sparrow", at(0)).await;
    for number in 0..200 {
        let (writer, reader) = (store.clone(), store.clone());
        let writing = tokio::spawn(async move { write(&writer, number, false).await });
        let reading = tokio::spawn(async move { reader.story(id).await });
        for _ in 0..number % 7 {
            pause().await;
        }
        writing.abort();
        reading.abort();
    }
    // Each connection is still good, and no transaction is left open.
    let reads = (0..16).map(|_| store.story(id));
    for read in futures_util::future::join_all(reads).await {
        assert_eq!(read.expect("read").map(|story| story.id), Some(id));
    }
    write(&store, 1000, true).await;
    for number in 0..200 {
        let found = store.idempotency_record(&key(number), at(-1)).await.expect("read");
        assert!(found.is_none(), "{number} was given up");
    }
    assert!(store.idempotency_record(&key(1000), at(-1)).await.expect("read").is_some());
    store.close().await;
    assert!(store.story(Uuid::nil()).await.is_err(), "it is closed");
    database.remove().await;
}

async fn readers_and_writers_at_once_all_get_their_turn(database: TestDatabase) {
    let store = database.store().await;
    let all = (0..200).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            write(&store, number, true).await;
            store.idempotency_record(&key(number), at(-1)).await.expect("read").is_some()
        })
    });
    for found in futures_util::future::join_all(all).await {
        assert!(found.expect("no panic"));
    }
    store.close().await;
    database.remove().await;
}
