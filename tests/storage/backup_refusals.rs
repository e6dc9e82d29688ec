//! Backups that are not restored: damaged ones, ones that would overwrite something, and ones that name foreign paths.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use calliope::app::{ErrorKind, restore};
use calliope::store::{MediaObject, Store};
use chrono::DateTime;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::backup::{create_sample_data, settings};
use super::strict_server::hex;
use super::support::{TestApp, TestDatabase};
use crate::on_both;

on_both! {
    what_is_damaged_or_would_be_overwritten_is_refused;
    a_backup_that_names_a_path_outside_the_folders_is_refused;
}

async fn what_is_damaged_or_would_be_overwritten_is_refused(database: TestDatabase) {
    let app = TestApp::start(database).await;
    create_sample_data(&app).await;
    let folder = app.database.folder.path().to_owned();
    let archive = folder.join("backup.tar");
    app.app.ops().create_backup(&archive, true, |_, _| ()).await.expect("backed up");
    let again = app
        .app
        .ops()
        .create_backup(&archive, true, |_, _| ())
        .await
        .expect_err("the archive exists");
    assert_eq!(again.kind, ErrorKind::Invalid);
    // The database that was backed up is in use.
    let own_settings = settings(&app.database);
    let error = restore(&own_settings, &archive, |_, _| ()).await.expect_err("refused");
    assert!(matches!(error.kind, ErrorKind::Conflict | ErrorKind::Unavailable), "{error:?}");
    let original = std::fs::read(&archive).expect("read");
    let damage = |name: &str, bytes: Vec<u8>| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let flipped = |at: usize| {
        let mut bytes = original.clone();
        bytes[at] ^= 1;
        bytes
    };
    for (what, path) in [
        ("a flipped bit in the rows", damage("rows.tar", flipped(9000))),
        ("a flipped bit in an image", damage("image.tar", flipped(original.len() / 2))),
        ("truncated", damage("cut.tar", original[..original.len() / 3].to_vec())),
        (
            "without the end of the archive",
            damage("end.tar", original[..original.len() - 4096].to_vec()),
        ),
        ("not an archive", damage("text.tar", b"just words".to_vec())),
        ("empty", damage("empty.tar", Vec::new())),
        ("missing", folder.join("missing.tar")),
    ] {
        let target = TestDatabase::sqlite();
        let refused = restore(&settings(&target), Path::new(&path), |_, _| ()).await;
        let refused = refused.expect_err(what);
        assert_eq!(refused.kind, ErrorKind::Invalid, "{what}: {refused:?}");
        let left = std::fs::read_dir(target.folder.path()).expect("listed").count();
        assert_eq!(left, 0, "{what}: nothing is written");
    }
    app.stop_and_remove().await;
}

/// Adds a row and a file with this key to an archive. The checksums are correct.
async fn add_file_to_archive(archive: &Path, key: &str) {
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    let mut read = tar::Archive::new(File::open(archive).expect("opened"));
    for entry in read.entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("read");
        let name = String::from_utf8(entry.path_bytes().into_owned()).expect("a name");
        entries.push((name, bytes));
    }
    let (_, manifest) = entries.pop().expect("a manifest");
    let content = b"anything".to_vec();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let rows = folder.path().join("rows.db");
    std::fs::write(&rows, &entries[0].1).expect("written");
    let store = Store::open_snapshot(&rows).await.expect("opened");
    let mut tx = store.begin().await.expect("begun");
    let object = MediaObject {
        key: key.to_owned(),
        kind: "frame".to_owned(),
        client_id: None,
        size: content.len().try_into().expect("short"),
        content_type: "image/png".to_owned(),
        sha256: Sha256::digest(&content).to_vec(),
        date_created: DateTime::UNIX_EPOCH,
        location: None,
        date_synced: None,
        date_compared: None,
        original_type: None,
        content: None,
    };
    tx.upsert_media_object(&object).await.expect("saved");
    tx.save().await.expect("saved");
    store.close().await;
    entries[0].1 = std::fs::read(&rows).expect("read");
    entries.push((format!("objects/{key}"), content));
    let mut manifest: Value = serde_json::from_slice(&manifest).expect("a manifest");
    let sums = entries.iter().map(|(path, bytes)| {
        json!({"path": path, "size": bytes.len(), "sha256": hex(&Sha256::digest(bytes))})
    });
    manifest["entries"] = sums.collect();
    entries.push(("manifest.json".to_owned(), manifest.to_string().into_bytes()));
    let mut written = tar::Builder::new(File::create(archive).expect("created"));
    for (name, bytes) in &entries {
        // The name is set byte by byte, because the library would normalize it.
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().expect("a GNU header").name[..name.len()]
            .copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        written.append(&header, bytes.as_slice()).expect("appended");
    }
    written.finish().expect("finished");
}

async fn a_backup_that_names_a_path_outside_the_folders_is_refused(database: TestDatabase) {
    let app = TestApp::start(database).await;
    app.create_frame(json!({"client_id": "s"})).await;
    let folder = tempfile::tempdir().expect("a temporary directory");
    let outside = folder.path().join("outside");
    for (name, key) in [
        ("slash.tar", format!("media/{}", outside.display())),
        ("unknown.tar", "secrets/a.png".to_owned()),
        ("hidden.tar", "media/.part".to_owned()),
    ] {
        let archive = folder.path().join(name);
        app.app.ops().create_backup(&archive, true, |_, _| ()).await.expect("backed up");
        add_file_to_archive(&archive, &key).await;
        let target = TestDatabase::sqlite();
        let refused = restore(&settings(&target), &archive, |_, _| ()).await.expect_err(&key);
        assert_eq!(refused.kind, ErrorKind::Invalid, "{key}: {refused:?}");
        assert!(refused.detail.contains(&key), "{refused:?}");
        assert!(!outside.exists(), "{key}: nothing is written outside the directories");
        let media = std::fs::read_dir(target.folder.path().join("media"));
        assert_eq!(media.map_or(0, Iterator::count), 0, "{key}: nothing is written inside them");
    }
    app.stop_and_remove().await;
}
