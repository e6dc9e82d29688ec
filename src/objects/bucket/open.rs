//! Opens the bucket that a URL or the settings name, with the right credentials.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::{HttpClient, HttpConnector};
use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::signer::Signer;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use secrecy::ExposeSecret;

use super::{Bucket, BucketError, TIMEOUT};
use crate::settings::{Cloud, GoogleCredentials, StorageSettings, clean_value};

/// Maximum number of retries within one operation. Callers try again later by themselves.
const MAX_RETRIES: usize = 1;

/// Sends a bucket's requests through the HTTP client that all outgoing requests use.
#[derive(Debug)]
struct SharedHttpConnector(reqwest::Client);

impl HttpConnector for SharedHttpConnector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

impl Bucket {
    /// Opens the bucket that the settings name. Returns `None` if files stay on this machine.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError::Misconfigured`] if the bucket cannot be used as configured.
    pub fn from_settings(
        settings: &StorageSettings,
        client: reqwest::Client,
    ) -> Result<Option<Self>, BucketError> {
        let name = settings.bucket.as_deref().unwrap_or_default();
        let scheme = match settings.cloud {
            Cloud::Local => return Ok(None),
            Cloud::Gcp => "gs",
            Cloud::Aws => "s3",
            Cloud::Azure => "az",
        };
        let url = if name.contains("://") { name.to_owned() } else { format!("{scheme}://{name}") };
        Self::from_url(&url, settings, client).map(Some)
    }

    /// Opens the bucket at a URL: `gs://`, `s3://` or `az://` with a name and an optional prefix, `file:///folder`, or
    /// `memory://`. Uses the credentials of the settings if they are for the same cloud, else those of the environment
    /// and the machine.
    ///
    /// # Errors
    ///
    /// Returns [`BucketError::Misconfigured`] if the URL is invalid or the bucket cannot be used as configured.
    pub fn from_url(
        url: &str,
        settings: &StorageSettings,
        client: reqwest::Client,
    ) -> Result<Self, BucketError> {
        let misconfigured =
            |reason: String| BucketError::Misconfigured { url: url.to_owned(), reason };
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_cloud = matches!(scheme, "gs" | "s3" | "az");
        if is_cloud && name.is_empty() {
            return Err(misconfigured("it has no name".to_owned()));
        }
        let opened = match scheme {
            "gs" | "s3" | "az" => open_cloud(scheme, name, settings, client),
            "file" => open_folder(Path::new(rest)).map(|files| (files, None)),
            "memory" => Ok((Arc::new(InMemory::new()) as Arc<dyn ObjectStore>, None)),
            _ => Err("it must begin with gs://, s3://, az://, file:// or memory://".to_owned()),
        };
        let (store, signer) = opened.map_err(misconfigured)?;
        let prefix = if is_cloud { ObjectPath::from(prefix) } else { ObjectPath::default() };
        let url = url.trim_end_matches('/').to_owned();
        let (presign_failed_at, upload_failed_at) = (Arc::default(), Arc::default());
        let has_content_types = scheme != "file";
        Ok(Self {
            store,
            signer,
            presign_failed_at,
            upload_failed_at,
            prefix,
            url,
            has_content_types,
        })
    }
}

/// A bucket, and what signs its URLs if its credentials can.
type OpenedStore = (Arc<dyn ObjectStore>, Option<Arc<dyn Signer>>);

/// Opens a bucket of a cloud. Fails with what is wrong.
fn open_cloud(
    scheme: &str,
    name: &str,
    settings: &StorageSettings,
    client: reqwest::Client,
) -> Result<OpenedStore, String> {
    let failed = |error: object_store::Error| error.to_string();
    let retry =
        RetryConfig { max_retries: MAX_RETRIES, retry_timeout: TIMEOUT, ..RetryConfig::default() };
    let connector = SharedHttpConnector(client);
    Ok(match scheme {
        "gs" => {
            let credentials = google_credentials(settings)?;
            let builder = google_cloud(name, credentials.as_ref()).with_retry(retry);
            let store = builder.with_http_connector(connector).build().map_err(failed)?;
            with_google_signer(store, credentials.as_ref())
        }
        "s3" => {
            let builder = with_environment("AWS_", AmazonS3Builder::new(), |b, key, value| {
                b.with_config(key, value)
            })
            .with_bucket_name(name)
            .with_retry(retry);
            let builder =
                if settings.cloud == Cloud::Aws { amazon(builder, settings) } else { builder };
            with_signer(builder.with_http_connector(connector).build().map_err(failed)?)
        }
        _ => {
            let builder =
                with_environment("AZURE_", MicrosoftAzureBuilder::new(), |b, key, value| {
                    b.with_config(key, value)
                })
                .with_container_name(name);
            let builder =
                if settings.cloud == Cloud::Azure { azure(builder, settings) } else { builder };
            let builder = builder.with_retry(retry).with_http_connector(connector);
            with_signer(builder.build().map_err(failed)?)
        }
    })
}

/// Opens a folder as a bucket, and makes it if it is missing. Fails with what is wrong.
fn open_folder(folder: &Path) -> Result<Arc<dyn ObjectStore>, String> {
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let files = LocalFileSystem::new_with_prefix(folder).map_err(|error| error.to_string())?;
    Ok(Arc::new(files.with_fsync(true)))
}

/// Configures a builder from the environment variables with its cloud's prefix. An empty variable counts as unset,
/// because compose files set variables to empty strings.
fn with_environment<K: FromStr, B>(prefix: &str, builder: B, set: impl Fn(B, K, String) -> B) -> B {
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let value = value.into_string().ok()?;
        let value = Some(clean_value(&name, &value)).filter(|value| !value.is_empty())?.to_owned();
        let key = name.starts_with(prefix).then(|| name.to_ascii_lowercase().parse().ok())??;
        Some((key, value))
    });
    variables.fold(builder, |builder, (key, value)| set(builder, key, value))
}

/// Returns a store that is also the signer of its URLs.
fn with_signer<S: ObjectStore + Signer>(
    store: S,
) -> (Arc<dyn ObjectStore>, Option<Arc<dyn Signer>>) {
    let store = Arc::new(store);
    (Arc::clone(&store) as _, Some(store as _))
}

/// Returns a Google store with the signer of its URLs. A person's login cannot sign.
fn with_google_signer(
    store: GoogleCloudStorage,
    credentials: Option<&(PathBuf, GoogleCredentials)>,
) -> (Arc<dyn ObjectStore>, Option<Arc<dyn Signer>>) {
    let (store, signer) = with_signer(store);
    let is_user = matches!(credentials, Some((_, GoogleCredentials::AuthorizedUser)));
    (store, signer.filter(|_| !is_user))
}

/// Where gcloud keeps the login of a person, below the home folder.
const GCLOUD_LOGIN: &str = ".config/gcloud/application_default_credentials.json";

/// Returns the credentials file that the settings or gcloud name, with its type. Without one, Google's metadata server is
/// asked, which each machine in Google's cloud has.
fn google_credentials(
    settings: &StorageSettings,
) -> Result<Option<(PathBuf, GoogleCredentials)>, String> {
    let of_gcloud = || {
        let path = PathBuf::from(std::env::var_os("HOME")?).join(GCLOUD_LOGIN);
        path.exists().then_some(path)
    };
    let path = settings.google_credentials.clone().or_else(of_gcloud);
    path.map(|path| GoogleCredentials::of_file(&path).map(|kind| (path, kind))).transpose()
}

/// Configures a Google Cloud Storage bucket with the environment and a credentials file.
fn google_cloud(
    name: &str,
    credentials: Option<&(PathBuf, GoogleCredentials)>,
) -> GoogleCloudStorageBuilder {
    let set = |builder: GoogleCloudStorageBuilder, key, value| match key {
        // The settings hold it.
        GoogleConfigKey::ApplicationCredentials => builder,
        key => builder.with_config(key, value),
    };
    let builder = with_environment("GOOGLE_", GoogleCloudStorageBuilder::new(), set);
    let builder = builder.with_bucket_name(name);
    match credentials {
        Some((path, GoogleCredentials::ServiceAccount)) => {
            builder.with_service_account_path(path.display().to_string())
        }
        Some((path, GoogleCredentials::AuthorizedUser)) => {
            builder.with_application_credentials(path.display().to_string())
        }
        None => builder,
    }
}

fn amazon(mut builder: AmazonS3Builder, settings: &StorageSettings) -> AmazonS3Builder {
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

fn azure(mut builder: MicrosoftAzureBuilder, settings: &StorageSettings) -> MicrosoftAzureBuilder {
    if let Some(endpoint) = &settings.endpoint {
        let allow = endpoint.starts_with("http://");
        builder = builder.with_endpoint(endpoint.clone()).with_allow_http(allow);
    }
    if let (Some(account), Some(key)) = (&settings.access_key_id, &settings.secret_access_key) {
        builder = builder.with_account(account).with_access_key(key.expose_secret());
    }
    builder
}
