//! A file that is written piece by piece, and summed up meanwhile.

use std::fs::File;
use std::io::{self, Write};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::local::{StagedFile, create_file, run_blocking};
use super::{LocalStore, LocalStoreError};

/// A file under a hidden name that pieces are appended to.
#[derive(Debug)]
pub struct FileWriter {
    staged: StagedFile,
    file: File,
    sum: Sha256,
}

/// A file that is written and has no name yet.
#[derive(Debug)]
pub struct WrittenFile {
    /// To be published, or dropped.
    pub staged: StagedFile,
    /// Of its bytes.
    pub sha256: Vec<u8>,
}

impl LocalStore {
    /// Begins to write an object.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if no file can be made.
    pub async fn begin_write(&self, key: &str) -> Result<FileWriter, LocalStoreError> {
        let staged = self.stage_at(key);
        run_blocking("written", move || match create_file(staged.partial_path(), staged.key()) {
            Ok(file) => Ok(FileWriter { staged, file, sum: Sha256::new() }),
            Err(source) => Err(failed(&staged, source)),
        })
        .await
    }
}

impl FileWriter {
    /// Appends a piece.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the disk refuses; nothing is left of the file then.
    pub async fn append(mut self, piece: Bytes) -> Result<Self, LocalStoreError> {
        run_blocking("written", move || {
            self.sum.update(&piece);
            match self.file.write_all(&piece) {
                Ok(()) => Ok(self),
                Err(source) => Err(failed(&self.staged, source)),
            }
        })
        .await
    }

    /// Makes what is written lasting, all but its name.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the disk refuses; nothing is left of the file then.
    pub async fn finish(self) -> Result<WrittenFile, LocalStoreError> {
        run_blocking("written", move || match self.file.sync_all() {
            Ok(()) => Ok(WrittenFile { staged: self.staged, sha256: self.sum.finalize().to_vec() }),
            Err(source) => Err(failed(&self.staged, source)),
        })
        .await
    }
}

fn failed(staged: &StagedFile, source: io::Error) -> LocalStoreError {
    LocalStoreError { key: staged.key().to_owned(), action: "written", source }
}
