//! Writes and reads backup archives. An archive is a tar file that gets its final name only when it is complete.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BackupManifest, FORMAT_VERSION, MANIFEST_ENTRY};
use crate::app::{AppError, ErrorKind};

/// The longest manifest that is read, in bytes. That is enough for some millions of files.
const MAX_MANIFEST_BYTES: u64 = 1 << 30;

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveEntry {
    /// Path within the archive.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
}

/// An archive that is being written.
pub(super) struct ArchiveWriter {
    partial_path: PathBuf,
    builder: Option<tar::Builder<BufWriter<File>>>,
    entries: Vec<ArchiveEntry>,
}

impl ArchiveWriter {
    pub(super) async fn create(part: &Path) -> Result<Self, AppError> {
        let path = part.to_owned();
        let file = run_blocking(move || create_private_file(&path)).await?;
        let builder = Some(tar::Builder::new(BufWriter::new(file)));
        Ok(Self { partial_path: part.to_owned(), builder, entries: Vec::new() })
    }

    pub(super) fn entries(&self) -> &[ArchiveEntry] {
        &self.entries
    }

    pub(super) async fn append(&mut self, path: &str, content: Bytes) -> Result<(), AppError> {
        let size = content.len() as u64;
        self.append_reader(path, size, move || Ok(io::Cursor::new(content))).await
    }

    pub(super) async fn append_file(&mut self, path: &str, file: &Path) -> Result<(), AppError> {
        let size = tokio::fs::metadata(file).await.map_err(disk_error)?.len();
        let file = file.to_owned();
        self.append_reader(path, size, move || File::open(file)).await
    }

    async fn append_reader<R: Read>(
        &mut self,
        path: &str,
        size: u64,
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
    ) -> Result<(), AppError> {
        let Some(mut builder) = self.builder.take() else { return Ok(()) };
        let name = path.to_owned();
        let (builder, sum) = run_blocking(move || {
            let mut header = tar::Header::new_gnu();
            header.set_size(size);
            header.set_mode(0o600);
            let mut content = HashingReader { inner: open()?.take(size), hasher: Sha256::new() };
            builder.append_data(&mut header, &name, &mut content)?;
            Ok((builder, hex(&content.hasher.finalize())))
        })
        .await?;
        self.builder = Some(builder);
        self.entries.push(ArchiveEntry { path: path.to_owned(), size, sha256: sum });
        Ok(())
    }

    /// Syncs the archive to the disk and renames it to `path`.
    pub(super) async fn finish(mut self, path: &Path) -> Result<(), AppError> {
        let Some(builder) = self.builder.take() else { return Ok(()) };
        let (part, path) = (self.partial_path.clone(), path.to_owned());
        run_blocking(move || {
            let mut file = builder.into_inner()?;
            file.flush()?;
            file.get_ref().sync_all()?;
            std::fs::rename(part, &path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        })
        .await
    }
}

impl Drop for ArchiveWriter {
    fn drop(&mut self) {
        // This fails if the archive was finished, because then it was renamed.
        let _ = std::fs::remove_file(&self.partial_path);
    }
}

/// Reads a whole archive, compares every checksum with the manifest, and returns the manifest.
pub(super) async fn verify(path: &Path) -> Result<BackupManifest, AppError> {
    let (path, shown) = (path.to_owned(), path.display().to_string());
    let invalid = |what: String| AppError::new(ErrorKind::Invalid, format!("{shown} {what}"));
    let read = tokio::task::spawn_blocking(move || read_all(&path)).await;
    let read = read.map_err(AppError::internal)?;
    let (entries, manifest) =
        read.map_err(|error| invalid(format!("cannot be read as a backup: {error}")))?;
    let manifest =
        manifest.ok_or_else(|| invalid("has no manifest: it is truncated".to_owned()))?;
    let manifest: BackupManifest = serde_json::from_slice(&manifest)
        .map_err(|_| invalid("has a manifest that cannot be read".to_owned()))?;
    if manifest.form > FORMAT_VERSION {
        let version = &manifest.calliope;
        return Err(invalid(format!(
            "was made by Calliope {version}; restore it with that version"
        )));
    }
    for (found, expected) in entries.iter().zip(&manifest.entries) {
        if found != expected {
            return Err(invalid(format!("is damaged at {}", found.path)));
        }
    }
    if entries.len() != manifest.entries.len() {
        return Err(invalid("does not have the entries that its manifest lists".to_owned()));
    }
    Ok(manifest)
}

type ArchiveContents = (Vec<ArchiveEntry>, Option<Vec<u8>>);

fn read_all(path: &Path) -> io::Result<ArchiveContents> {
    let mut archive = tar::Archive::new(BufReader::new(File::open(path)?));
    let (mut entries, mut manifest) = (Vec::new(), None);
    for entry in archive.entries()? {
        let entry = entry?;
        let (path, size) = (entry_name(&entry)?, entry.size());
        if path == MANIFEST_ENTRY {
            let mut bytes = Vec::new();
            entry.take(MAX_MANIFEST_BYTES).read_to_end(&mut bytes)?;
            manifest = Some(bytes);
            break;
        }
        let mut content = HashingReader { inner: entry, hasher: Sha256::new() };
        io::copy(&mut content, &mut io::sink())?;
        entries.push(ArchiveEntry { path, size, sha256: hex(&content.hasher.finalize()) });
    }
    Ok((entries, manifest))
}

/// Calls `each` for every entry of a verified archive, in order, until it returns false.
pub(super) fn for_each_entry(
    path: &Path,
    mut each: impl FnMut(&str, &mut dyn Read) -> io::Result<bool>,
) -> io::Result<()> {
    let mut archive = tar::Archive::new(BufReader::new(File::open(path)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry_name(&entry)?;
        if !each(&name, &mut entry)? {
            break;
        }
    }
    Ok(())
}

fn entry_name(entry: &tar::Entry<'_, impl Read>) -> io::Result<String> {
    let path = entry.path()?;
    let plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    match path.to_str() {
        Some(name) if plain && entry.header().entry_type().is_file() => Ok(name.to_owned()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "an entry is not a plain file")),
    }
}

/// A reader that computes the SHA-256 of what is read.
struct HashingReader<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Creates a file that only its owner can read, because it contains secrets.
pub(super) fn create_private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Runs blocking file operations on the blocking threads.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, AppError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(AppError::internal)?.map_err(disk_error)
}

pub(super) fn disk_error(error: io::Error) -> AppError {
    let detail = format!("A disk operation failed: {error}.");
    AppError { cause: Some(error.into()), ..AppError::new(ErrorKind::Unavailable, detail) }
}
