//! A disk that is full and one that is read-only: clear errors, no partial files, and everything that still works.
//!
//! The program runs in its own mount namespace, with a small in-memory file system mounted at its directories.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reqwest::Response;
use serde_json::{Value, json};

use super::support::bucket::FakeBucket;
use super::support::process::Process;
use super::support::{TestDatabase, client, files, photo, with_timeout};

/// Reports whether this machine allows such a mount. If not, prints that the tests are skipped.
fn can_mount() -> bool {
    let status = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"])
        .stderr(Stdio::null())
        .status();
    let can = status.is_ok_and(|status| status.success());
    if !can {
        let line = "full and read-only disks are SKIPPED: this machine does not allow mounts\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }
    can
}

/// Starts the program on a disk that the shell command `mount` creates at the path `$DISK`.
async fn start(
    database: &TestDatabase,
    mount: &str,
    bucket: Option<&FakeBucket>,
) -> (Process, PathBuf) {
    let disk = database.folder.path().join("disk");
    std::fs::create_dir_all(&disk).expect("created");
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
    // The path of the disk as the program sees it.
    let visible = format!("/proc/{}/root{}", process.child.id(), disk.display());
    (process, PathBuf::from(visible))
}

async fn put(process: &Process, name: &str) -> Response {
    let request = client().build().expect("a client").put(format!("{}/media/{name}", process.url));
    request.body(vec![7; 200 << 10]).send().await.expect("a response")
}

async fn get(process: &Process, path: &str) -> Response {
    let request = client().build().expect("a client").get(format!("{}{path}", process.url));
    request.send().await.expect("a response")
}

async fn create_frame(process: &Process, body: Value) -> (u16, Value) {
    let request = client().build().expect("a client").post(format!("{}/v1/frames", process.url));
    super::support::send_json(request.json(&body)).await
}

fn partial_files(folder: &Path) -> usize {
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
    let (status, response) = create_frame(&process, json!({"client_id": "s"})).await;
    assert_eq!(status, 200, "{response}");
    let image = response["frames"][0]["image"]["url"].as_str().expect("an image").to_owned();
    let mut written = 0;
    let refused = loop {
        let response = put(&process, &format!("fill-{written}.raw")).await;
        if response.status() != 201 {
            break response;
        }
        written += 1;
        assert!(written < 40, "the disk is small");
    };
    assert_eq!(refused.status(), 503);
    let problem: Value = refused.json().await.expect("json");
    assert!(
        problem["detail"].as_str().is_some_and(|detail| detail.contains("disk is full")),
        "{problem}"
    );
    // Fills the disk to the last byte, so that not even the smallest file fits.
    let rest = std::fs::OpenOptions::new().create(true).append(true).open(disk.join("rest"));
    let mut rest = rest.expect("created");
    while std::io::Write::write(&mut rest, &[0; 4096]).is_ok_and(|count| count > 0) {}
    let (status, problem) =
        create_frame(&process, json!({"client_id": "s", "input_image": photo()})).await;
    assert_eq!(status, 503, "{problem}");
    assert!(
        problem["detail"].as_str().is_some_and(|detail| detail.contains("disk is full")),
        "{problem}"
    );
    let partial = partial_files(&disk.join("media")) + partial_files(&disk.join("input"));
    assert_eq!(partial, 0, "no partial files");
    let ready: Value = get(&process, "/readyz").await.json().await.expect("json");
    assert_eq!(ready["status"], "degraded", "{ready}");
    // A file on the disk is served; one that is only in the bucket is served without writing it to the disk.
    assert_eq!(get(&process, &format!("/{image}")).await.status(), 200);
    let bucket = fake.objects();
    std::fs::remove_file(disk.join(&image)).expect("removed");
    while std::io::Write::write(&mut rest, &[0; 4096]).is_ok_and(|count| count > 0) {}
    let served = get(&process, &format!("/{image}")).await;
    assert_eq!(served.status(), 200);
    assert!(served.bytes().await.expect("bytes") == bucket[&image]);
    // Once the disk has room, the story continues.
    std::fs::remove_file(disk.join("rest")).expect("removed");
    drop(rest);
    for n in 0..written {
        std::fs::remove_file(disk.join(format!("media/fill-{n}.raw"))).expect("removed");
    }
    let response =
        with_timeout(create_frame(&process, json!({"client_id": "s", "input_image": photo()})))
            .await;
    assert_eq!(response.0, 200, "{}", response.1);
    assert_eq!(response.1["story_frame_count"], 2);
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
    let response = put(&process, "a.raw").await;
    assert_eq!(response.status(), 503);
    let problem: Value = response.json().await.expect("json");
    let detail = problem["detail"].as_str().expect("a sentence");
    assert!(detail.contains("media folder cannot be written"), "{problem}");
    let (status, problem) =
        create_frame(&process, json!({"client_id": "s", "input_image": photo()})).await;
    assert_eq!(status, 503, "{problem}");
    assert_eq!(get(&process, "/media/there.png").await.status(), 200, "an existing file is served");
    let ready: Value = get(&process, "/readyz").await.json().await.expect("json");
    assert_eq!(
        (&ready["status"], &ready["database"]["status"]),
        (&json!("degraded"), &json!("ok"))
    );
    assert_eq!(
        get(&process, "/v1/stories?client_id=s").await.status(),
        200,
        "the database can be read"
    );
    assert_eq!(partial_files(&disk.join("media")), 0);
}
