//! A bucket at Google Cloud Storage, Amazon S3 or a compatible service, or Azure Blob Storage; or a folder, or memory.
//!
//! A bucket may fail, stall or return wrong data. Every operation but `list` has a timeout, an upload is confirmed by a
//! second request, and downloads are limited in size. Callers must compare the checksums of objects that they get.

mod open;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
pub use object_store::signer::Method;
use object_store::signer::Signer;
use object_store::{Attribute, Attributes, ObjectStore, ObjectStoreExt, PutOptions};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// How long signing a URL may take. Credentials without a key ask other servers to sign.
const PRESIGN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long credentials that could not sign are not asked again.
const PRESIGN_RETRY_INTERVAL: Duration = Duration::from_mins(5);

/// How long uploads that a response waits for are not tried after one has failed, so that not every response waits.
const UPLOAD_RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// The largest object that [`Bucket::get`] reads, in bytes. No stored file is larger.
const MAX_OBJECT_BYTES: u64 = 64 << 20;

/// Number of objects that are removed concurrently.
const CONCURRENT_REMOVALS: usize = 16;

/// A bucket. Clones share the connection.
#[derive(Debug, Clone)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// Presigns URLs; `None` for folders and memory, which have no URLs that a client could fetch.
    signer: Option<Arc<dyn Signer>>,
    /// When the signer failed last. It is not asked again for a while, because it may ask other servers.
    presign_failed_at: Arc<Mutex<Option<Instant>>>,
    /// When an upload that a response waited for failed last; `None` if the last one succeeded.
    upload_failed_at: Arc<Mutex<Option<Instant>>>,
    prefix: Path,
    /// Such as `gs://bucket/prefix`, for messages and rows.
    url: String,
    /// Whether it stores media types.
    has_content_types: bool,
}

/// A bucket operation failed.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The bucket cannot be used as configured.
    #[error("the bucket {url} cannot be used: {reason}")]
    Misconfigured {
        /// URL of the bucket.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The bucket returned an error.
    #[error("the bucket could not {action} {key}")]
    Failed {
        /// `put`, `get`, `remove` or `list`.
        action: &'static str,
        /// Key of the object.
        key: String,
        /// Error of the bucket's client.
        source: object_store::Error,
    },
    /// The bucket did not respond in time.
    #[error("the bucket did not {action} {key} in time")]
    TimedOut {
        /// `put`, `get`, `remove` or `sign`.
        action: &'static str,
        /// Key of the object.
        key: String,
    },
    /// The bucket's credentials cannot presign a URL.
    #[error("the bucket could not presign a URL for {key}")]
    PresignFailed {
        /// Key of the object.
        key: String,
        /// Error of the bucket's client.
        source: object_store::Error,
    },
    /// The object has another length than expected, or is too large.
    #[error("the object {key} in the bucket has an unexpected length")]
    LengthMismatch {
        /// Key of the object.
        key: String,
    },
}

/// An object in a bucket listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Key of the object, relative to the bucket's prefix.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last upload.
    pub modified: DateTime<Utc>,
}

/// An object that is read in chunks.
pub struct ObjectStream {
    /// Length of the object in bytes.
    pub length: u64,
    /// The chunks, in order.
    pub chunks: BoxStream<'static, Result<Bytes, BucketError>>,
}

impl Bucket {
    /// Returns the URL of an object, such as `gs://bucket/prefix/key`, for messages and rows.
    #[must_use]
    pub fn location(&self, key: &str) -> String {
        format!("{}/{key}", self.url)
    }

    /// Returns whether the bucket is this folder on the local disk.
    #[must_use]
    pub fn is_folder(&self, folder: &std::path::Path) -> bool {
        self.url.strip_prefix("file://").is_some_and(|path| std::path::Path::new(path) == folder)
    }

    /// Returns the URL of the bucket, such as `gs://bucket/prefix`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Uploads an object, replacing one with this key, and checks its size with a second request.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] if a request fails or the sizes differ; the object may then be there or not.
    pub async fn put(&self, key: &str, bytes: Bytes, media_type: &str) -> Result<(), BucketError> {
        let length = bytes.len() as u64;
        let path = self.path(key);
        let mut attributes = Attributes::new();
        if self.has_content_types {
            attributes.insert(Attribute::ContentType, media_type.to_owned().into());
        }
        let options = PutOptions { attributes, ..PutOptions::default() };
        let upload = async {
            self.store.put_opts(&path, bytes.into(), options).await?;
            self.store.head(&path).await
        };
        let stored = with_timeout("put", key, upload).await?;
        if stored.size == length {
            Ok(())
        } else {
            Err(BucketError::LengthMismatch { key: key.to_owned() })
        }
    }

    /// Returns whether an upload that a response waits for should be tried: the last one succeeded, or failed a while ago.
    #[must_use]
    pub fn takes_uploads(&self) -> bool {
        let failed_at = *self.upload_failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_none_or(|at| at.elapsed() >= UPLOAD_RETRY_INTERVAL)
    }

    /// Records whether an upload that a response waited for succeeded in time.
    pub fn record_upload(&self, was_in_time: bool) {
        let failed_at = (!was_in_time).then(Instant::now);
        *self.upload_failed_at.lock().unwrap_or_else(PoisonError::into_inner) = failed_at;
    }

    /// Reads an object. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] if the bucket fails, the object is larger than 64 MiB, or its length is not as
    /// announced.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, BucketError> {
        let path = self.path(key);
        let download = async {
            let found = self.store.get(&path).await?;
            if found.meta.size > MAX_OBJECT_BYTES {
                return Ok(None);
            }
            let length = found.meta.size;
            let bytes = found.bytes().await?;
            Ok(Some(bytes).filter(|bytes| bytes.len() as u64 == length))
        };
        match none_if_not_found(with_timeout("get", key, download).await)? {
            Some(None) => Err(BucketError::LengthMismatch { key: key.to_owned() }),
            bytes => Ok(bytes.flatten()),
        }
    }

    /// Reads an object as a stream of chunks. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] if the bucket fails. Each chunk of the stream can fail in the same way.
    pub async fn stream(&self, key: &str) -> Result<Option<ObjectStream>, BucketError> {
        let path = self.path(key);
        let result = with_timeout("get", key, self.store.get(&path)).await;
        let Some(object) = none_if_not_found(result)? else { return Ok(None) };
        let length = object.meta.size;
        let key = key.to_owned();
        let chunks = object.into_stream();
        // The timeout applies to each chunk, so that a bucket that stalls half-way is given up too.
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

    /// Returns a presigned URL for one object and one method, which expires after `expires_in` (at most seven days).
    /// Returns `None` if the bucket is a folder or in memory, or if its credentials could not sign a moment ago.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError::PresignFailed`] if the credentials cannot sign, and [`BucketError::TimedOut`] if signing
    /// takes too long.
    pub async fn presign(
        &self,
        method: Method,
        key: &str,
        expires_in: Duration,
    ) -> Result<Option<String>, BucketError> {
        let Some(signer) = &self.signer else { return Ok(None) };
        let failed_at = || self.presign_failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if failed_at().is_some_and(|at| at.elapsed() < PRESIGN_RETRY_INTERVAL) {
            return Ok(None);
        }
        let path = self.path(key);
        let signing = signer.signed_url(method, &path, expires_in);
        let key = key.to_owned();
        let error = match tokio::time::timeout(PRESIGN_TIMEOUT, signing).await {
            Ok(Ok(url)) => return Ok(Some(url.into())),
            Ok(Err(source)) => BucketError::PresignFailed { key, source },
            Err(_) => BucketError::TimedOut { action: "sign", key },
        };
        *failed_at() = Some(Instant::now());
        Err(error)
    }

    /// Returns the size of an object in bytes, or `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] if the bucket fails.
    pub async fn size(&self, key: &str) -> Result<Option<u64>, BucketError> {
        let path = self.path(key);
        let found = with_timeout("get", key, self.store.head(&path)).await;
        Ok(none_if_not_found(found)?.map(|object| object.size))
    }

    /// Removes an object. Does nothing if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] if the object may still exist.
    pub async fn remove(&self, key: &str) -> Result<(), BucketError> {
        let path = self.path(key);
        none_if_not_found(with_timeout("remove", key, self.store.delete(&path)).await).map(|_| ())
    }

    /// Removes objects. Objects that do not exist are ignored.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError`] for the first object that may still exist.
    pub async fn remove_all(&self, keys: &[String]) -> Result<(), BucketError> {
        let removals = stream::iter(keys.to_vec());
        let removals = removals.map(|key| async move { self.remove(&key).await });
        removals.buffer_unordered(CONCURRENT_REMOVALS).try_collect().await
    }

    /// Lists all objects below the bucket's prefix.
    pub fn list(&self) -> BoxStream<'static, Result<ListedObject, BucketError>> {
        self.list_path(&self.prefix)
    }

    /// Lists the objects whose keys begin with a first segment, such as `input`.
    pub fn list_folder(&self, name: &str) -> BoxStream<'static, Result<ListedObject, BucketError>> {
        self.list_path(&self.prefix.clone().join(name))
    }

    fn list_path(&self, path: &Path) -> BoxStream<'static, Result<ListedObject, BucketError>> {
        let prefix = self.prefix.clone();
        let listing = self.store.list(Some(path).filter(|path| !path.as_ref().is_empty()));
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

/// Converts a "not found" error to `None`.
fn none_if_not_found<T>(result: Result<T, BucketError>) -> Result<Option<T>, BucketError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(BucketError::Failed { source: object_store::Error::NotFound { .. }, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Awaits an operation of the bucket's client, with the timeout of one request.
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
