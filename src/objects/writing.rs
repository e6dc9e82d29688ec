//! A file that is written piece by piece, and summed up meanwhile.

use std::fs::File;
use std::io::{self, Write};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::local::{Staged, blocking, create};
use super::{LocalStore, ObjectError};

/// A file under a hidden name that pieces are appended to.
#[derive(Debug)]
pub struct Writing {
    staged: Staged,
    file: File,
    sum: Sha256,
}

/// A file that is written and has no name yet.
#[derive(Debug)]
pub struct Written {
    /// To be published, or dropped.
    pub staged: Staged,
    /// Of its bytes.
    pub sha256: Vec<u8>,
}

impl LocalStore {
    /// Begins to write an object.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] when no file can be made.
    pub async fn write(&self, key: &str) -> Result<Writing, ObjectError> {
        let staged = self.stage_at(key);
        blocking("written", move || match create(staged.part(), staged.key()) {
            Ok(file) => Ok(Writing { staged, file, sum: Sha256::new() }),
            Err(source) => Err(failed(&staged, source)),
        })
        .await
    }
}

impl Writing {
    /// Appends a piece.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] when the disk refuses; nothing is left of the file then.
    pub async fn append(mut self, piece: Bytes) -> Result<Self, ObjectError> {
        blocking("written", move || {
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
    /// [`ObjectError`] when the disk refuses; nothing is left of the file then.
    pub async fn finish(self) -> Result<Written, ObjectError> {
        blocking("written", move || match self.file.sync_all() {
            Ok(()) => Ok(Written { staged: self.staged, sha256: self.sum.finalize().to_vec() }),
            Err(source) => Err(failed(&self.staged, source)),
        })
        .await
    }
}

fn failed(staged: &Staged, source: io::Error) -> ObjectError {
    ObjectError { key: staged.key().to_owned(), action: "written", source }
}
