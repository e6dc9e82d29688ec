//! A bucket of a cloud: Google's, Amazon's and of whoever speaks its protocol, or Azure's; or a folder, or memory.
//!
//! What is put is asked for again before it counts as there, and what is got is bounded. A bucket may fail, stall or
//! lie: nothing here waits for ever, and whoever gets an object compares its checksum.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::{HttpClient, HttpConnector};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, ObjectStore, ObjectStoreExt, PutOptions, RetryConfig,
};

use secrecy::ExposeSecret;

use crate::settings::{Cloud, Storage};

/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The longest object that is read at once, in bytes: more than anything that is kept.
const MAX_OBJECT: u64 = 64 << 20;

/// Attempts within one exchange; whoever puts or gets has a way of trying again later.
const RETRIES: usize = 1;

/// A bucket. Clones are the same.
#[derive(Debug, Clone)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// `gs://bucket/prefix`, for people and for rows.
    url: String,
    /// Whether it keeps media types.
    keeps_types: bool,
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
    TooSlow {
        /// `put`, `get`, `remove` or `list`.
        action: &'static str,
        /// What.
        key: String,
    },
    /// It has something else than was put, or more than anyone reads.
    #[error("what the bucket has as {key} has another length")]
    Changed {
        /// What.
        key: String,
    },
}

/// An object of a bucket, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Below the bucket's prefix.
    pub key: String,
    /// In bytes.
    pub size: u64,
}

/// Has a bucket's requests go out as all others do.
#[derive(Debug)]
struct Out(reqwest::Client);

impl HttpConnector for Out {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

impl Bucket {
    /// The bucket that the settings name; `None` where media stay on this machine.
    ///
    /// # Errors
    ///
    /// [`BucketError::Misconfigured`] when it cannot be used.
    pub fn of(settings: &Storage, client: reqwest::Client) -> Result<Option<Self>, BucketError> {
        let name = settings.bucket.as_deref().unwrap_or_default();
        let scheme = match settings.cloud {
            Cloud::Local => return Ok(None),
            Cloud::Gcp => "gs",
            Cloud::Aws => "s3",
            Cloud::Azure => "az",
        };
        let url = if name.contains("://") { name.to_owned() } else { format!("{scheme}://{name}") };
        Self::at(&url, settings, client).map(Some)
    }

    /// The bucket at a URL: `gs://`, `s3://` or `az://` with a name and perhaps a prefix, `file:///folder`, `memory://`.
    /// Credentials are those of the settings, else what the machine that this runs on has.
    ///
    /// # Errors
    ///
    /// [`BucketError::Misconfigured`] when it cannot be used.
    pub fn at(url: &str, settings: &Storage, client: reqwest::Client) -> Result<Self, BucketError> {
        let misconfigured =
            |reason: String| BucketError::Misconfigured { url: url.to_owned(), reason };
        let failed = |error: object_store::Error| misconfigured(error.to_string());
        let known = "it must begin with gs://, s3://, az://, file:// or memory://";
        let (scheme, rest) =
            url.split_once("://").ok_or_else(|| misconfigured(known.to_owned()))?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_cloud = matches!(scheme, "gs" | "s3" | "az");
        if is_cloud && name.is_empty() {
            return Err(misconfigured("it has no name".to_owned()));
        }
        let retry =
            RetryConfig { max_retries: RETRIES, retry_timeout: PATIENCE, ..RetryConfig::default() };
        let out = Out(client);
        let store: Arc<dyn ObjectStore> = match scheme {
            "gs" => {
                let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(name);
                if let Some(path) = &settings.google_credentials {
                    builder = builder.with_service_account_path(path.display().to_string());
                }
                Arc::new(
                    builder.with_retry(retry).with_http_connector(out).build().map_err(failed)?,
                )
            }
            "s3" => {
                let builder = AmazonS3Builder::from_env().with_bucket_name(name).with_retry(retry);
                let builder = amazon(builder, settings);
                Arc::new(builder.with_http_connector(out).build().map_err(failed)?)
            }
            "az" => {
                let builder = MicrosoftAzureBuilder::from_env().with_container_name(name);
                let builder = azure(builder, settings);
                Arc::new(
                    builder.with_retry(retry).with_http_connector(out).build().map_err(failed)?,
                )
            }
            "file" => {
                let folder = PathBuf::from(rest);
                std::fs::create_dir_all(&folder)
                    .map_err(|error| misconfigured(error.to_string()))?;
                let files = LocalFileSystem::new_with_prefix(&folder).map_err(failed)?;
                Arc::new(files.with_fsync(true))
            }
            "memory" => Arc::new(InMemory::new()),
            _ => return Err(misconfigured(known.to_owned())),
        };
        let prefix = if is_cloud { Path::from(prefix) } else { Path::default() };
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { store, prefix, url, keeps_types: scheme != "file" })
    }

    /// Where an object of this key is, for people and for rows.
    #[must_use]
    pub fn location(&self, key: &str) -> String {
        format!("{}/{key}", self.url)
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
    /// [`BucketError`] when it is not there for sure.
    pub async fn put(&self, key: &str, bytes: Bytes, media_type: &str) -> Result<(), BucketError> {
        let length = bytes.len() as u64;
        let path = self.path(key);
        let mut attributes = Attributes::new();
        if self.keeps_types {
            attributes.insert(Attribute::ContentType, media_type.to_owned().into());
        }
        let options = PutOptions { attributes, ..PutOptions::default() };
        let putting = async {
            self.store.put_opts(&path, bytes.into(), options).await?;
            self.store.head(&path).await
        };
        let there = in_time("put", key, putting).await?;
        if there.size == length {
            Ok(())
        } else {
            Err(BucketError::Changed { key: key.to_owned() })
        }
    }

    /// The bytes of an object; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// [`BucketError`] when the bucket fails, or has more than anyone reads.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, BucketError> {
        let path = self.path(key);
        let getting = async {
            let found = self.store.get(&path).await?;
            if found.meta.size > MAX_OBJECT {
                return Ok(None);
            }
            let length = found.meta.size;
            let bytes = found.bytes().await?;
            Ok(Some(bytes).filter(|bytes| bytes.len() as u64 == length))
        };
        match in_time("get", key, getting).await {
            Ok(Some(bytes)) => Ok(Some(bytes)),
            Ok(None) => Err(BucketError::Changed { key: key.to_owned() }),
            Err(BucketError::Failed { source: object_store::Error::NotFound { .. }, .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// How long an object is; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// [`BucketError`] when the bucket fails.
    pub async fn size(&self, key: &str) -> Result<Option<u64>, BucketError> {
        let path = self.path(key);
        match in_time("get", key, self.store.head(&path)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(BucketError::Failed { source: object_store::Error::NotFound { .. }, .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// [`BucketError`] when it may still be there.
    pub async fn remove(&self, key: &str) -> Result<(), BucketError> {
        let path = self.path(key);
        match in_time("remove", key, self.store.delete(&path)).await {
            Err(BucketError::Failed { source: object_store::Error::NotFound { .. }, .. }) => Ok(()),
            removed => removed,
        }
    }

    /// Every object.
    pub fn list(&self) -> BoxStream<'static, Result<Listed, BucketError>> {
        let prefix = self.prefix.clone();
        let listing =
            self.store.list(Some(&self.prefix).filter(|prefix| !prefix.as_ref().is_empty()));
        let listed = listing.map_ok(move |found| {
            let rest = found.location.prefix_match(&prefix).map(|parts| {
                parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/")
            });
            let key = rest.unwrap_or_else(|| found.location.to_string());
            Listed { key, size: found.size }
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

fn amazon(mut builder: AmazonS3Builder, settings: &Storage) -> AmazonS3Builder {
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    if let Some(region) = &settings.region {
        builder = builder.with_region(region);
    }
    if let (Some(id), Some(secret)) = (&settings.access_key_id, &settings.secret_access_key) {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret.expose_secret());
    }
    builder
}

fn azure(mut builder: MicrosoftAzureBuilder, settings: &Storage) -> MicrosoftAzureBuilder {
    if let Some(endpoint) = &settings.endpoint {
        let allow = endpoint.starts_with("http://");
        builder = builder.with_endpoint(endpoint.clone()).with_allow_http(allow);
    }
    if let (Some(account), Some(key)) = (&settings.access_key_id, &settings.secret_access_key) {
        builder = builder.with_account(account).with_access_key(key.expose_secret());
    }
    builder
}

async fn in_time<T>(
    action: &'static str,
    key: &str,
    work: impl Future<Output = object_store::Result<T>>,
) -> Result<T, BucketError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(source)) => Err(BucketError::Failed { action, key: key.to_owned(), source }),
        Err(_) => Err(BucketError::TooSlow { action, key: key.to_owned() }),
    }
}
