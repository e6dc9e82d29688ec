//! Errors of the services, in terms that HTTP, workers and commands can translate.

use std::error::Error;
use std::fmt;

use crate::compute::ComputePanicked;
use crate::domain::InvalidParameter;
use crate::objects::{BucketError, LocalStoreError, NamedFolder};
use crate::store::{LeaseError, LeaseLost, StoreError};

/// The kind of an [`AppError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The requested thing does not exist.
    NotFound,
    /// The caller may not access it.
    Forbidden,
    /// The caller is not authenticated.
    Unauthenticated,
    /// The request is invalid; [`AppError::fields`] says which fields and why.
    Invalid,
    /// The request conflicts with the present state.
    Conflict,
    /// The request has a media type that is not supported.
    UnsupportedMedia,
    /// Too much work waits, or too many requests were sent; [`AppError::retry_after_seconds`] may say when to retry.
    Busy,
    /// An AI provider refused or failed, and a retry would not help.
    Provider,
    /// The work did not finish before its deadline.
    Deadline,
    /// The database, the disk or the bucket failed; it may work again in a moment.
    Unavailable,
    /// Another worker has taken over the task; nothing was saved.
    LeaseLost,
    /// A bug in Calliope.
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

    /// Returns the kind's name in database rows.
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

    /// Returns the kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A service operation failed. It has a sentence for the caller and the cause for the log.
#[derive(Debug)]
pub struct AppError {
    /// The kind of the error.
    pub kind: ErrorKind,
    /// One plain sentence for the caller that says what to change.
    pub detail: String,
    /// The invalid fields, each with the reason.
    pub fields: Vec<(String, String)>,
    /// Seconds after which to retry, if known.
    pub retry_after_seconds: Option<u64>,
    /// The underlying error. It is logged and never sent to the caller.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl AppError {
    /// Creates an error with a sentence for the caller.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after_seconds: None,
            cause: None,
        }
    }

    /// Creates an error for one invalid field.
    pub fn invalid(field: &str, reason: impl fmt::Display) -> Self {
        Self::invalid_fields(vec![(field.to_owned(), reason.to_string())])
    }

    /// Creates an error for several invalid fields, each with the reason.
    #[must_use]
    pub fn invalid_fields(fields: Vec<(String, String)>) -> Self {
        let details: Vec<String> =
            fields.iter().map(|(field, reason)| format!("{field}: {reason}")).collect();
        Self { fields, ..Self::new(ErrorKind::Invalid, details.join("; ")) }
    }

    /// Returns whether a retry may succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::Deadline)
    }

    /// Creates the error for a file that has a database row but exists nowhere.
    pub(in crate::app) fn file_missing(key: &str) -> Self {
        Self::internal(format!("the file {key} is neither on the disk nor in a bucket"))
    }

    /// Creates an error for something that should not happen.
    pub(in crate::app) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "Something went wrong here; the log has the details under this request id.";
        Self { cause: Some(cause.into()), ..Self::new(ErrorKind::Internal, detail) }
    }
}

/// Formats an error and its causes on one line.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Some errors repeat the message of their cause.
        let inner = error.to_string();
        if !line.contains(&inner) {
            // A sentence is followed by its cause as another sentence.
            let colon = if line.ends_with('.') { "" } else { ":" };
            line = format!("{line}{colon} {inner}");
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
        // This sentence says what to do; another in front of it would say something else.
        if let StoreError::InUse(_) = &error {
            return Self::new(ErrorKind::Unavailable, error.to_string());
        }
        let detail = match &error {
            StoreError::FileReplaced(_) => {
                "The database file was removed or replaced, so nothing can be read or saved. The service must be restarted with the right file."
            }
            _ => "The database does not answer as it should; try again in a moment.",
        };
        Self { cause: Some(error.into()), ..Self::new(ErrorKind::Unavailable, detail) }
    }
}

impl From<LocalStoreError> for AppError {
    fn from(error: LocalStoreError) -> Self {
        use std::io::ErrorKind::{
            NotADirectory, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
            StorageFull,
        };
        let verb = error.action;
        let detail = match (error.source.kind(), &error.folder) {
            (StorageFull | QuotaExceeded, _) => {
                "The disk is full; nothing was saved. Try again when there is room.".to_owned()
            }
            (PermissionDenied | ReadOnlyFilesystem, Some(NamedFolder { name, path })) => format!(
                "The {name} folder cannot be {verb}; nothing was saved. The owner or the permissions of {} must be corrected.",
                path.display()
            ),
            (NotFound | NotADirectory, Some(NamedFolder { name, path })) if verb == "written" => {
                format!(
                    "The {name} folder is missing; nothing was saved. {} must be there and be a folder.",
                    path.display()
                )
            }
            _ => "The disk does not answer as it should; try again in a moment.".to_owned(),
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
    fn from(errors: Vec<InvalidParameter>) -> Self {
        Self::invalid_fields(errors.into_iter().map(|e| (e.name.to_owned(), e.reason)).collect())
    }
}
