//! A bucket of a cloud: Google's, Amazon's and of whoever speaks its protocol, or Azure's; or a folder, or memory.
//!
//! What is put is asked for again before it counts as there, and what is got is bounded. A bucket may fail, stall or
//! lie: nothing here waits for ever, and whoever gets an object compares its checksum.

mod open;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
pub use object_store::signer::Method;
use object_store::signer::Signer;
use object_store::{Attribute, Attributes, ObjectStore, ObjectStoreExt, PutOptions};

/// How long one exchange may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The longest object that is read at once, in bytes: more than anything that is kept.
const MAX_OBJECT_BYTES: u64 = 64 << 20;

/// Objects that are removed at once.
const CONCURRENT_REMOVALS: usize = 16;

/// A bucket. Clones are the same.
#[derive(Debug, Clone)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// Signs its addresses; folders and memory have none that anyone could fetch.
    signer: Option<Arc<dyn Signer>>,
    prefix: Path,
    /// `gs://bucket/prefix`, for people and for rows.
    url: String,
    /// Whether it keeps media types.
    has_content_types: bool,
}

/// What became of nothing.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// It cannot be used as it is configured.
    #[error("the bucket {url} cannot be used: {reason}")]
    Misconfigured {
        /// Which.
        url: String,
        /// What to change.
        reason: String,
    },
    /// It failed.
    #[error("the bucket could not {action} {key}")]
    Failed {
        /// `put`, `get`, `remove` or `list`.
        action: &'static str,
        /// What.
        key: String,
        /// Its account.
        source: object_store::Error,
    },
    /// It did not answer.
    #[error("the bucket did not {action} {key} in time")]
    TimedOut {
        /// `put`, `get`, `remove` or `list`.
        action: &'static str,
        /// What.
        key: String,
    },
    /// It cannot give out addresses of its objects.
    #[error("the bucket could not sign an address of {key}")]
    PresignFailed {
        /// What.
        key: String,
        /// Its account.
        source: object_store::Error,
    },
    /// It has something else than was put, or more than anyone reads.
    #[error("what the bucket has as {key} has another length")]
    LengthMismatch {
        /// What.
        key: String,
    },
}

/// An object of a bucket, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Below the bucket's prefix.
    pub key: String,
    /// In bytes.
    pub size: u64,
    /// When it was put.
    pub modified: DateTime<Utc>,
}

/// An object that comes in pieces.
pub struct ObjectStream {
    /// Of the whole, in bytes.
    pub length: u64,
    /// The pieces.
    pub chunks: BoxStream<'static, Result<Bytes, BucketError>>,
}

impl Bucket {
    /// Where an object of this key is, for people and for rows.
    #[must_use]
    pub fn location(&self, key: &str) -> String {
        format!("{}/{key}", self.url)
    }

    /// Whether it is this folder.
    #[must_use]
    pub fn is_folder(&self, folder: &std::path::Path) -> bool {
        self.url.strip_prefix("file://").is_some_and(|path| std::path::Path::new(path) == folder)
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Puts an object, in the place of one of this key, and sees that it is there.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] if it is not there for sure.
    pub async fn put(&self, key: &str, bytes: Bytes, media_type: &str) -> Result<(), BucketError> {
        let length = bytes.len() as u64;
        let path = self.path(key);
        let mut attributes = Attributes::new();
        if self.has_content_types {
            attributes.insert(Attribute::ContentType, media_type.to_owned().into());
        }
        let options = PutOptions { attributes, ..PutOptions::default() };
        let putting = async {
            self.store.put_opts(&path, bytes.into(), options).await?;
            self.store.head(&path).await
        };
        let there = with_timeout("put", key, putting).await?;
        if there.size == length {
            Ok(())
        } else {
            Err(BucketError::LengthMismatch { key: key.to_owned() })
        }
    }

    /// The bytes of an object; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] if the bucket fails, or has more than anyone reads.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, BucketError> {
        let path = self.path(key);
        let getting = async {
            let found = self.store.get(&path).await?;
            if found.meta.size > MAX_OBJECT_BYTES {
                return Ok(None);
            }
            let length = found.meta.size;
            let bytes = found.bytes().await?;
            Ok(Some(bytes).filter(|bytes| bytes.len() as u64 == length))
        };
        match none_if_not_found(with_timeout("get", key, getting).await)? {
            Some(None) => Err(BucketError::LengthMismatch { key: key.to_owned() }),
            whole => Ok(whole.flatten()),
        }
    }

    /// An object bit by bit, with its length; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] if the bucket fails; the stream's items are the same.
    pub async fn stream(&self, key: &str) -> Result<Option<ObjectStream>, BucketError> {
        let path = self.path(key);
        let got = with_timeout("get", key, self.store.get(&path)).await;
        let Some(got) = none_if_not_found(got)? else { return Ok(None) };
        let length = got.meta.size;
        let key = key.to_owned();
        let chunks = got.into_stream();
        // Each piece has the same time as a whole exchange: a bucket that stalls half-way is given up too.
        let timed = stream::unfold(chunks, move |mut chunks| {
            let key = key.clone();
            async move {
                let next = async { chunks.try_next().await };
                let next = with_timeout("get", &key, next).await.transpose()?;
                Some((next, chunks))
            }
        });
        Ok(Some(ObjectStream { length, chunks: timed.boxed() }))
    }

    /// An address that gives this one object to whoever has it, by this method alone, for as long as is said (at most
    /// seven days); `None` where the bucket has no addresses.
    ///
    /// # Errors
    ///
    /// [`BucketError::Unsigned`] when its credentials cannot sign.
    pub async fn presign(
        &self,
        method: Method,
        key: &str,
        expires_in: Duration,
    ) -> Result<Option<String>, BucketError> {
        let Some(signer) = &self.signer else { return Ok(None) };
        let path = self.path(key);
        let signing = signer.signed_url(method, &path, expires_in);
        match tokio::time::timeout(TIMEOUT, signing).await {
            Ok(Ok(url)) => Ok(Some(url.into())),
            Ok(Err(source)) => Err(BucketError::PresignFailed { key: key.to_owned(), source }),
            Err(_) => Err(BucketError::TimedOut { action: "sign", key: key.to_owned() }),
        }
    }

    /// How long an object is; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] if the bucket fails.
    pub async fn size(&self, key: &str) -> Result<Option<u64>, BucketError> {
        let path = self.path(key);
        let looked = with_timeout("get", key, self.store.head(&path)).await;
        Ok(none_if_not_found(looked)?.map(|object| object.size))
    }

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] if it may still be there.
    pub async fn remove(&self, key: &str) -> Result<(), BucketError> {
        let path = self.path(key);
        none_if_not_found(with_timeout("remove", key, self.store.delete(&path)).await).map(|_| ())
    }

    /// Removes objects; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] for the first that may still be there.
    pub async fn remove_all(&self, keys: &[String]) -> Result<(), BucketError> {
        let removals = stream::iter(keys.to_vec());
        let removals = removals.map(|key| async move { self.remove(&key).await });
        removals.buffer_unordered(CONCURRENT_REMOVALS).try_collect().await
    }

    /// Every object.
    pub fn list(&self) -> BoxStream<'static, Result<ListedObject, BucketError>> {
        let prefix = self.prefix.clone();
        let listing =
            self.store.list(Some(&self.prefix).filter(|prefix| !prefix.as_ref().is_empty()));
        let listed = listing.map_ok(move |found| {
            let rest = found.location.prefix_match(&prefix).map(|parts| {
                parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/")
            });
            let key = rest.unwrap_or_else(|| found.location.to_string());
            ListedObject { key, size: found.size, modified: found.last_modified }
        });
        let failed = |source| {
            let key = "its objects".to_owned();
            BucketError::Failed { action: "list", key, source }
        };
        listed.map_err(failed).boxed()
    }

    fn path(&self, key: &str) -> Path {
        key.split('/').fold(self.prefix.clone(), Path::join)
    }
}

/// What was asked for, where it is there at all.
fn none_if_not_found<T>(asked: Result<T, BucketError>) -> Result<Option<T>, BucketError> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(BucketError::Failed { source: object_store::Error::NotFound { .. }, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn with_timeout<T>(
    action: &'static str,
    key: &str,
    work: impl Future<Output = object_store::Result<T>>,
) -> Result<T, BucketError> {
    match tokio::time::timeout(TIMEOUT, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(source)) => Err(BucketError::Failed { action, key: key.to_owned(), source }),
        Err(_) => Err(BucketError::TimedOut { action, key: key.to_owned() }),
    }
}
