//! Migration of databases that an earlier version wrote.

use calliope::domain::Dither;
use calliope::store::{IdempotencyKey, IdempotencyRecord, Store, StoreError};
use serde_json::json;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::types::Json;
use sqlx::{PgPool, SqlitePool};
use uuid::Uuid;

use crate::support::TestDatabase;
use crate::{at, on_both};

on_both! {
    the_pictures_of_old_frames_get_their_dithering;
    keys_of_tasks_and_keys_of_answers_come_into_one_table;
    migrations_with_a_known_earlier_checksum_are_accepted;
}

/// A database with the tables of an earlier version.
enum OldDatabase {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Runs a statement on an old database.
macro_rules! run {
    ($old:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        match $old {
            OldDatabase::Sqlite(db) => sqlx::query($sql)$(.bind($value))*.execute(db).await.map(drop),
            OldDatabase::Postgres(db) => sqlx::query($sql)$(.bind($value))*.execute(db).await.map(drop),
        }
        .expect("the statement runs")
    };
}

impl OldDatabase {
    /// Applies the migrations up to `version`.
    async fn at(database: &TestDatabase, version: i64) -> Self {
        database.make_empty().await;
        // Connecting creates the SQLite file, but no tables.
        Store::connect(&database.settings).await.expect("connected").close().await;
        let migrator = async |name: &str| {
            let directory = format!("{}/migrations/{name}", env!("CARGO_MANIFEST_DIR"));
            Migrator::new(std::path::Path::new(&directory)).await.expect("migrations")
        };
        let old = Self::open(database).await;
        match &old {
            Self::Postgres(pool) => migrator("postgres").await.run_to(version, pool).await,
            Self::Sqlite(pool) => migrator("sqlite").await.run_to(version, pool).await,
        }
        .expect("migrated");
        old
    }

    /// Opens a database without migrating it.
    async fn open(database: &TestDatabase) -> Self {
        if let Some((server, name)) = &database.postgres {
            let pool = PgPool::connect(&format!("{server}/{name}")).await;
            return Self::Postgres(pool.expect("opened"));
        }
        let url = format!("sqlite://{}", database.settings.path.display());
        Self::Sqlite(SqlitePool::connect(&url).await.expect("opened"))
    }

    async fn close(self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Applies the remaining migrations.
    async fn migrate(self, database: &TestDatabase) -> Store {
        self.close().await;
        database.store().await
    }
}

async fn insert_old_image(old: &OldDatabase) -> Uuid {
    let id = Uuid::now_v7();
    let key = format!("media/{id}.raw");
    run!(
        old,
        "INSERT INTO media_object (key, kind, size, content_type, sha256, date_created, date_updated) \
         VALUES ($1, 'frame', 1, 'image/rgb565', $2, $3, $3)",
        &key,
        &[7_u8; 32][..],
        at(0),
    );
    run!(
        old,
        "INSERT INTO image (id, media_key, width, height, format, date_created) \
         VALUES ($1, $2, 48, 40, 'image/rgb565', $3)",
        id,
        &key,
        at(0),
    );
    id
}

async fn the_pictures_of_old_frames_get_their_dithering(database: TestDatabase) {
    let old = OldDatabase::at(&database, 16).await;
    let story = Uuid::now_v7();
    run!(
        &old,
        "INSERT INTO story (id, client_id, strategy, storyteller, title, state, frame_count, \
         date_created, date_updated) VALUES ($1, 's', 'fern', 'fern', '', $2, 6, $3, $3)",
        story,
        Json(json!({})),
        at(0),
    );
    let dithered = Some(Dither::FloydSteinberg);
    let frames = [
        (json!({"parameters": {"output_image_dither": "floyd-steinberg"}}), dithered),
        (json!({"parameters": {"output_image_dither": "none"}}), Some(Dither::None)),
        (json!({"parameters": {"output_image_dither": "of a later version"}}), Some(Dither::None)),
        (json!({"parameters": {"output_image_width": 48}}), Some(Dither::None)),
        (json!({"parameters": "floyd-steinberg"}), Some(Dither::None)),
        (json!({}), Some(Dither::None)),
    ];
    let mut images = Vec::new();
    for (number, (metadata, dither)) in (0_i32..).zip(frames) {
        let (original, device) = (insert_old_image(&old).await, insert_old_image(&old).await);
        run!(
            &old,
            "INSERT INTO story_frame (story_id, number, image_id, device_image_id, \
             min_duration_seconds, metadata, date_created) VALUES ($1, $2, $3, $4, 20, $5, $6)",
            story,
            number,
            original,
            device,
            Json(&metadata),
            at(0),
        );
        images.extend([(original, None), (device, dither)]);
    }
    let both = insert_old_image(&old).await;
    run!(
        &old,
        "INSERT INTO story_frame (story_id, number, image_id, device_image_id, \
         min_duration_seconds, metadata, date_created) VALUES ($1, 6, $2, $2, 20, $3, $4)",
        story,
        both,
        Json(json!({"parameters": {"output_image_dither": "floyd-steinberg"}})),
        at(0),
    );
    images.push((both, None));
    let store = old.migrate(&database).await;
    for (id, dither) in images {
        let image = store.image(id).await.expect("read").expect("the image exists");
        assert_eq!(image.dither, dither, "{id}");
    }
    store.close().await;
    database.remove().await;
}

async fn insert_old_key(old: &OldDatabase, key: &str, task_id: Uuid, seconds: i64) {
    run!(
        old,
        "INSERT INTO idempotency_key (scope, key, fingerprint, task_id, date_created) \
         VALUES ('call', $1, $2, $3, $4)",
        key,
        &[1_u8; 32][..],
        task_id,
        at(seconds),
    );
}

async fn insert_old_response(old: &OldDatabase, key: &str, status: Option<i32>, seconds: i64) {
    run!(
        old,
        "INSERT INTO idempotency_answer (scope, key, fingerprint, status, headers, body, date_created) \
         VALUES ('call', $1, $2, $3, $4, $5, $6)",
        key,
        &[2_u8; 32][..],
        status,
        status.map(|_| Json(json!({"location": "/x"}))),
        status.map(|_| &b"done"[..]),
        at(seconds),
    );
}

async fn keys_of_tasks_and_keys_of_answers_come_into_one_table(database: TestDatabase) {
    let old = OldDatabase::at(&database, 17).await;
    let id = Uuid::now_v7();
    run!(
        &old,
        "INSERT INTO task (id, kind, status, payload, attempts, failures, run_at, date_created) \
         VALUES ($1, 'tell_frame', 'pending', $2, 0, 0, $3, $3)",
        id,
        Json(json!({})),
        at(0),
    );
    for (key, seconds) in [("task", 5), ("task later", 5), ("answer later", 5)] {
        insert_old_key(&old, key, id, seconds).await;
    }
    for (key, status, seconds) in [
        ("answer", Some(201), 5),
        ("under way", None, 5),
        ("task later", Some(201), 4),
        ("answer later", Some(201), 6),
    ] {
        insert_old_response(&old, key, status, seconds).await;
    }
    let store = old.migrate(&database).await;
    let task = IdempotencyRecord {
        fingerprint: vec![1; 32],
        task_id: Some(id),
        status: None,
        headers: None,
        body: None,
    };
    let response = IdempotencyRecord {
        fingerprint: vec![2; 32],
        task_id: None,
        status: Some(201),
        headers: Some(json!({"location": "/x"})),
        body: Some(b"done".into()),
    };
    let pending = IdempotencyRecord { status: None, headers: None, body: None, ..response.clone() };
    for (key, since, expected) in [
        ("task", 5, &task),
        ("task later", 5, &task),
        ("answer", 5, &response),
        ("answer later", 6, &response),
        ("under way", 5, &pending),
    ] {
        let query = IdempotencyKey { scope: "call".into(), key: key.into(), fingerprint: [0; 32] };
        let record = store.idempotency_record(&query, at(since)).await.expect("read");
        assert_eq!(record.as_ref(), Some(expected), "{key}");
    }
    let mut tx = store.begin().await.expect("begun");
    tx.delete_task(id).await.expect("removed");
    assert_eq!(
        tx.delete_old_idempotency_keys(at(9)).await.expect("deleted"),
        3,
        "a task's keys are deleted with the task"
    );
    tx.save().await.expect("saved");
    store.close().await;
    database.remove().await;
}

async fn migrations_with_a_known_earlier_checksum_are_accepted(database: TestDatabase) {
    let kind = if database.postgres.is_some() { "postgres" } else { "sqlite" };
    let old = OldDatabase::at(&database, 18).await;
    let rows = include_str!("../../migrations/earlier-checksums.txt");
    let mut earlier = 0;
    for row in rows.lines().filter(|row| !row.starts_with('#')) {
        let [database, version, checksum] =
            row.split(' ').collect::<Vec<_>>().try_into().expect("three words");
        if database == kind {
            record_checksum(&old, version.parse().expect("a version"), checksum).await;
            earlier += 1;
        }
    }
    assert_eq!(earlier, 18, "all migrations of that time were reworded");
    let store = old.migrate(&database).await;
    assert_eq!(store.pending_migrations().await.expect("read"), []);
    store.migrate().await.expect("the checksums of today were recorded");
    store.close().await;

    let edited = OldDatabase::open(&database).await;
    record_checksum(&edited, 3, &"07".repeat(48)).await;
    edited.close().await;
    let store = Store::connect(&database.settings).await.expect("connected");
    let error = store.migrate().await.expect_err("the statements may have changed");
    assert!(matches!(error, StoreError::Migration(MigrateError::VersionMismatch(3))), "{error:?}");
    store.close().await;
    database.remove().await;
}

async fn record_checksum(old: &OldDatabase, version: i64, checksum: &str) {
    let checksum: Vec<u8> = (0..checksum.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&checksum[i..i + 2], 16).expect("hexadecimal"))
        .collect();
    run!(
        old,
        "UPDATE _sqlx_migrations SET checksum = $2 WHERE version = $1",
        version,
        &checksum[..],
    );
}
