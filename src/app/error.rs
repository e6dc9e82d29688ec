//! How a use case can fail, in terms that every door can translate.

use std::error::Error;
use std::fmt;

use crate::compute::ComputePanicked;
use crate::domain::InvalidParameter;
use crate::objects::{BucketError, LocalStoreError};
use crate::store::{LeaseError, LeaseLost, StoreError};

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no such thing.
    NotFound,
    /// It is someone else's, or not for this caller.
    Forbidden,
    /// Who asks has not proved who that is.
    Unauthenticated,
    /// What was sent cannot be used; `fields` says what and why.
    Invalid,
    /// It would overwrite, or contradict, what is there.
    Conflict,
    /// What was sent has a type that is not taken here.
    UnsupportedMedia,
    /// There is too much to do already, or too much was asked for; `retry_after_seconds` may say when to come again.
    Busy,
    /// A provider of the world outside does not do it, and will not.
    Provider,
    /// It took too long.
    Deadline,
    /// The database or the disk fails; it may work again in a moment.
    Unavailable,
    /// The task that was worked on is another worker's by now; nothing was saved.
    LeaseLost,
    /// A fault of ours.
    Internal,
}

impl ErrorKind {
    /// Every kind.
    const ALL: [Self; 12] = [
        Self::NotFound,
        Self::Forbidden,
        Self::Unauthenticated,
        Self::Invalid,
        Self::Conflict,
        Self::UnsupportedMedia,
        Self::Busy,
        Self::Provider,
        Self::Deadline,
        Self::Unavailable,
        Self::LeaseLost,
        Self::Internal,
    ];

    /// Its name in rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Forbidden => "not_yours",
            Self::Unauthenticated => "not_known",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::UnsupportedMedia => "unsupported_media",
            Self::Busy => "busy",
            Self::Provider => "provider",
            Self::Deadline => "deadline",
            Self::Unavailable => "unavailable",
            Self::LeaseLost => "lease_lost",
            Self::Internal => "internal",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A use case that failed: a plain sentence for the caller, the cause for the log.
#[derive(Debug)]
pub struct AppError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// One plain sentence that says what to change.
    pub detail: String,
    /// The parameters that are wrong, with the reason for each.
    pub fields: Vec<(String, String)>,
    /// When to try again, where that is known.
    pub retry_after_seconds: Option<u64>,
    /// What it came from; it never leaves the process.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl AppError {
    /// A failure of this kind.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after_seconds: None,
            cause: None,
        }
    }

    /// One parameter that cannot be used.
    pub fn invalid(field: &str, reason: impl fmt::Display) -> Self {
        Self::invalid_fields(vec![(field.to_owned(), reason.to_string())])
    }

    /// Several parameters that cannot be used.
    #[must_use]
    pub fn invalid_fields(fields: Vec<(String, String)>) -> Self {
        let details: Vec<String> =
            fields.iter().map(|(field, reason)| format!("{field}: {reason}")).collect();
        Self { fields, ..Self::new(ErrorKind::Invalid, details.join("; ")) }
    }

    /// Whether the same may succeed when it is tried again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::Deadline)
    }

    /// A file that a row speaks of, and that nobody has.
    pub(in crate::app) fn file_missing(key: &str) -> Self {
        Self::internal(format!("the file {key} is neither on the disk nor in a bucket"))
    }

    /// Something that should not happen.
    pub(in crate::app) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "Something went wrong here; the log has the details under this request id.";
        Self { cause: Some(cause.into()), ..Self::new(ErrorKind::Internal, detail) }
    }
}

/// An error and what it came from, on one line.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Some repeat what they came from.
        let inner = error.to_string();
        if !line.contains(&inner) {
            line = format!("{line}: {inner}");
        }
        cause = error.source();
    }
    line.replace('\n', " ")
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for AppError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        let detail = "The database does not answer as it should; try again in a moment.";
        Self { cause: Some(error.into()), ..Self::new(ErrorKind::Unavailable, detail) }
    }
}

impl From<LocalStoreError> for AppError {
    fn from(error: LocalStoreError) -> Self {
        let detail = match error.source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                "The disk is full; nothing was kept. Try again when there is room."
            }
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                "The media folder cannot be written; nothing was kept. Its owner must be mended."
            }
            _ => "The disk does not answer as it should; try again in a moment.",
        };
        Self { cause: Some(error.into()), ..Self::new(ErrorKind::Unavailable, detail) }
    }
}

impl From<BucketError> for AppError {
    fn from(error: BucketError) -> Self {
        let detail = "The bucket does not answer as it should; try again in a moment.";
        Self { cause: Some(error.into()), ..Self::new(ErrorKind::Unavailable, detail) }
    }
}

impl From<ComputePanicked> for AppError {
    fn from(error: ComputePanicked) -> Self {
        Self::internal(error)
    }
}

impl From<LeaseLost> for AppError {
    fn from(lost: LeaseLost) -> Self {
        let detail = "Another worker took the task over.";
        Self { cause: Some(lost.into()), ..Self::new(ErrorKind::LeaseLost, detail) }
    }
}

impl From<LeaseError> for AppError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Lost(lost) => lost.into(),
            LeaseError::Store(error) => error.into(),
        }
    }
}

impl From<Vec<InvalidParameter>> for AppError {
    fn from(refused: Vec<InvalidParameter>) -> Self {
        Self::invalid_fields(refused.into_iter().map(|r| (r.name.to_owned(), r.reason)).collect())
    }
}
