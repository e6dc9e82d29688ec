//! A disk that is full, and one that cannot be written: clear answers, nothing half written, and on with what still works.
//!
//! The program runs in a mount namespace of its own, with a small file system in memory where its folders are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reqwest::Response;
use serde_json::{Value, json};

use super::support::bucket::FakeBucket;
use super::support::process::Process;
use super::support::{TestDatabase, client, files, in_time, photo};

/// Whether this machine lets us make such a file system; a line that shows where it does not.
fn can_mount() -> bool {
    let tried = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"])
        .stderr(Stdio::null())
        .status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        let line = "full and read-only disks are SKIPPED: this machine lets nobody mount one\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }
    can
}

/// The program on a disk that `mount` makes at the path `$DISK`.
async fn start(
    database: &TestDatabase,
    mount: &str,
    bucket: Option<&FakeBucket>,
) -> (Process, PathBuf) {
    let disk = database.folder.path().join("disk");
    std::fs::create_dir_all(&disk).expect("made");
    let mut command = Command::new("unshare");
    let script = format!("{mount} && exec \"$0\"");
    command
        .args(["--mount", "--map-root-user", "sh", "-c", &script, env!("CARGO_BIN_EXE_calliope")])
        .env("DISK", &disk);
    let mut variables: Vec<(&str, String)> = vec![
        ("MEDIA_FOLDER", disk.join("media").display().to_string()),
        ("INPUT_FOLDER", disk.join("input").display().to_string()),
    ];
    if let Some(bucket) = bucket {
        variables.extend(bucket.environment());
    }
    let process = Process::start_command(command, &variables, database.folder.path(), 0).await;
    // What the program sees there, as it sees it.
    let seen = format!("/proc/{}/root{}", process.child.id(), disk.display());
    (process, PathBuf::from(seen))
}

async fn put(process: &Process, name: &str) -> Response {
    let request = client().build().expect("a client").put(format!("{}/media/{name}", process.url));
    request.body(vec![7; 200 << 10]).send().await.expect("an answer")
}

async fn get(process: &Process, path: &str) -> Response {
    let request = client().build().expect("a client").get(format!("{}{path}", process.url));
    request.send().await.expect("an answer")
}

async fn frame(process: &Process, body: Value) -> (u16, Value) {
    let request = client().build().expect("a client").post(format!("{}/v1/frames", process.url));
    super::support::send_json(request.json(&body)).await
}

fn parts(folder: &Path) -> usize {
    files(folder).iter().filter(|name| name.starts_with('.')).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full() {
    if !can_mount() {
        return;
    }
    let database = TestDatabase::sqlite();
    let fake = FakeBucket::start().await;
    let mount = "mount -t tmpfs -o size=3m none \"$DISK\"";
    let (process, disk) = start(&database, mount, Some(&fake)).await;
    let (status, told) = frame(&process, json!({"client_id": "s"})).await;
    assert_eq!(status, 200, "{told}");
    let picture = told["frames"][0]["image"]["url"].as_str().expect("a picture").to_owned();
    let mut kept = 0;
    let refused = loop {
        let answer = put(&process, &format!("fill-{kept}.raw")).await;
        if answer.status() != 201 {
            break answer;
        }
        kept += 1;
        assert!(kept < 40, "the disk is small");
    };
    assert_eq!(refused.status(), 503);
    let problem: Value = refused.json().await.expect("json");
    assert!(
        problem["detail"].as_str().is_some_and(|told| told.contains("disk is full")),
        "{problem}"
    );
    // To the last byte, so that not even the smallest file goes in.
    let rest = std::fs::OpenOptions::new().create(true).append(true).open(disk.join("rest"));
    let mut rest = rest.expect("made");
    while std::io::Write::write(&mut rest, &[0; 4096]).is_ok_and(|written| written > 0) {}
    let (status, problem) =
        frame(&process, json!({"client_id": "s", "input_image": photo()})).await;
    assert_eq!(status, 503, "{problem}");
    assert!(
        problem["detail"].as_str().is_some_and(|told| told.contains("disk is full")),
        "{problem}"
    );
    assert_eq!(parts(&disk.join("media")) + parts(&disk.join("input")), 0, "nothing half written");
    let ready: Value = get(&process, "/readyz").await.json().await.expect("json");
    assert_eq!(ready["status"], "degraded", "{ready}");
    // What is there is served, and what only the bucket has too, past the disk.
    assert_eq!(get(&process, &format!("/{picture}")).await.status(), 200);
    let bucket = fake.objects();
    std::fs::remove_file(disk.join(&picture)).expect("removed");
    while std::io::Write::write(&mut rest, &[0; 4096]).is_ok_and(|written| written > 0) {}
    let served = get(&process, &format!("/{picture}")).await;
    assert_eq!(served.status(), 200);
    assert!(served.bytes().await.expect("bytes") == bucket[&picture]);
    // When there is room the story goes on.
    std::fs::remove_file(disk.join("rest")).expect("removed");
    drop(rest);
    for n in 0..kept {
        std::fs::remove_file(disk.join(format!("media/fill-{n}.raw"))).expect("removed");
    }
    let on = in_time(frame(&process, json!({"client_id": "s", "input_image": photo()}))).await;
    assert_eq!(on.0, 200, "{}", on.1);
    assert_eq!(on.1["story_frame_count"], 2);
    let ready: Value = get(&process, "/readyz").await.json().await.expect("json");
    assert_eq!(ready["status"], "ok", "{ready}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cannot_be_written() {
    if !can_mount() {
        return;
    }
    let database = TestDatabase::sqlite();
    let mount = "mount -t tmpfs none \"$DISK\" && mkdir \"$DISK/media\" \"$DISK/input\" \
        && printf '\\211PNG\\r\\n\\032\\n' > \"$DISK/media/there.png\" && mount -o remount,ro none \"$DISK\"";
    let (process, disk) = start(&database, mount, None).await;
    let answer = put(&process, "a.raw").await;
    assert_eq!(answer.status(), 503);
    let problem: Value = answer.json().await.expect("json");
    let told = problem["detail"].as_str().expect("a sentence");
    assert!(told.contains("media folder cannot be written"), "{problem}");
    let (status, problem) =
        frame(&process, json!({"client_id": "s", "input_image": photo()})).await;
    assert_eq!(status, 503, "{problem}");
    assert_eq!(get(&process, "/media/there.png").await.status(), 200, "what is there is served");
    let ready: Value = get(&process, "/readyz").await.json().await.expect("json");
    assert_eq!(
        (&ready["status"], &ready["database"]["status"]),
        (&json!("degraded"), &json!("ok"))
    );
    assert_eq!(get(&process, "/v1/stories?client_id=s").await.status(), 200, "words can be read");
    assert_eq!(parts(&disk.join("media")), 0);
}
