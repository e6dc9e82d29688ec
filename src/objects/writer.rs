//! Writes a file in chunks and computes its checksum on the way.

use std::fs::File;
use std::io::{self, Write};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::folder::{create_file, run_blocking};
use super::local::StagedFile;
use super::{LocalStore, LocalStoreError};

/// A file under a hidden name, to which chunks are appended.
#[derive(Debug)]
pub struct FileWriter {
    staged: StagedFile,
    file: File,
    sum: Sha256,
}

/// A complete file that does not have its final name yet.
#[derive(Debug)]
pub struct WrittenFile {
    /// The file, which the caller commits or drops.
    pub staged: StagedFile,
    /// SHA-256 of the file's bytes.
    pub sha256: Vec<u8>,
}

impl LocalStore {
    /// Starts writing an object.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the file cannot be created.
    pub async fn begin_write(&self, key: &str) -> Result<FileWriter, LocalStoreError> {
        let staged = self.stage_at(key);
        run_blocking("written", move || match create_file(staged.partial_path(), staged.folder()) {
            Ok(file) => Ok(FileWriter { staged, file, sum: Sha256::new() }),
            Err(source) => Err(failed(&staged, source)),
        })
        .await
    }
}

impl FileWriter {
    /// Appends a chunk.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the disk fails; the file is then removed.
    pub async fn append(mut self, chunk: Bytes) -> Result<Self, LocalStoreError> {
        run_blocking("written", move || {
            self.sum.update(&chunk);
            match self.file.write_all(&chunk) {
                Ok(()) => Ok(self),
                Err(source) => Err(failed(&self.staged, source)),
            }
        })
        .await
    }

    /// Syncs the file to the disk. [`StagedFile::commit`] gives it its final name.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the disk fails; the file is then removed.
    pub async fn finish(self) -> Result<WrittenFile, LocalStoreError> {
        run_blocking("written", move || match self.file.sync_all() {
            Ok(()) => Ok(WrittenFile { staged: self.staged, sha256: self.sum.finalize().to_vec() }),
            Err(source) => Err(failed(&self.staged, source)),
        })
        .await
    }
}

fn failed(staged: &StagedFile, source: io::Error) -> LocalStoreError {
    staged.folder().failed(staged.key(), "written", source)
}
