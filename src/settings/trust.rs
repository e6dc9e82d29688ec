//! Trust: certificates of own authorities, which servers of this installation are verified with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The largest file of certificates, in bytes.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// The most files of a folder that are read.
const MAX_FILES: usize = 2000;

/// The first line of a certificate in PEM.
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// The last line of a certificate in PEM.
const END: &str = "-----END CERTIFICATE-----";

/// The settings of trust. Their certificates are trusted in addition to the built-in authorities: by connections to
/// providers, buckets, PostgreSQL and the collector of traces.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustSettings {
    /// A PEM file with the certificates of your own authorities, or of servers that sign their certificates themselves.
    /// If it cannot be read, Calliope does not start. Default: none.
    pub ca_file: Option<PathBuf>,
    /// A PEM file as for `ca_file`, in the variable that other programs read too. If it cannot be read, Calliope warns
    /// and starts without it. Default: none.
    pub ssl_cert_file: Option<PathBuf>,
    /// A folder of such files. Default: none.
    pub ssl_cert_dir: Option<PathBuf>,
}

/// Certificates in PEM.
#[derive(Clone, Default)]
pub struct TrustedCertificates {
    pem: Arc<[u8]>,
    /// The files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name and that cannot be read.
    unreadable: Vec<PathBuf>,
}

impl TrustedCertificates {
    /// Returns the certificates in PEM, one after another.
    #[must_use]
    pub fn pem(&self) -> &[u8] {
        &self.pem
    }

    /// Returns the certificates in PEM that can be authorities, for clients that refuse all if one cannot.
    #[must_use]
    pub fn authorities(&self) -> Vec<u8> {
        let text = String::from_utf8_lossy(&self.pem);
        let can_be_authority = |pem: &&str| {
            CertificateDer::from_pem_slice(pem.as_bytes())
                .is_ok_and(|certificate| RootCertStore::empty().add(certificate).is_ok())
        };
        text.split_inclusive(END).filter(can_be_authority).collect::<String>().into_bytes()
    }

    /// Returns the files and folders that could not be read.
    #[must_use]
    pub fn unreadable(&self) -> &[PathBuf] {
        &self.unreadable
    }
}

impl fmt::Debug for TrustedCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedCertificates({} bytes)", self.pem.len())
    }
}

impl TrustSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let Some(path) = &self.ca_file else { return Ok(()) };
        match certificates_in(path) {
            Ok(certificates) if certificates.is_empty() => {
                let reason = format!("{} must contain certificates in PEM", path.display());
                Err(("trust.ca_file", reason))
            }
            Ok(_) => Ok(()),
            Err(error) => {
                Err(("trust.ca_file", format!("{} cannot be read ({error})", path.display())))
            }
        }
    }

    /// Reads all certificates.
    #[must_use]
    pub fn read(&self) -> TrustedCertificates {
        let mut certificates = String::new();
        let mut unreadable = Vec::new();
        for path in [&self.ca_file, &self.ssl_cert_file].into_iter().flatten() {
            match certificates_in(path) {
                Ok(found) => certificates.push_str(&found),
                Err(_) => unreadable.push(path.clone()),
            }
        }
        // As for OpenSSL, there may be several folders with colons between them.
        let folders = self.ssl_cert_dir.iter().flat_map(std::env::split_paths);
        for folder in folders.filter(|folder| !folder.as_os_str().is_empty()) {
            match std::fs::read_dir(&folder) {
                Ok(entries) => {
                    // A folder holds other files too, and links that lead nowhere.
                    let files = entries.filter_map(Result::ok).take(MAX_FILES);
                    let found = files.filter_map(|entry| certificates_in(&entry.path()).ok());
                    found.for_each(|found| certificates.push_str(&found));
                }
                Err(_) => unreadable.push(folder),
            }
        }
        TrustedCertificates { pem: certificates.into_bytes().into(), unreadable }
    }
}

/// Returns the certificates in a file, without keys and what else is in it.
fn certificates_in(path: &Path) -> std::io::Result<String> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
        return Err(std::io::Error::other("it is not a file of at most 8 MiB"));
    }
    let bytes = std::fs::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut certificates = String::new();
    let mut rest = &*text;
    while let Some((_, after)) = rest.split_once(BEGIN)
        && let Some((body, after)) = after.split_once(END)
    {
        for part in [BEGIN, body, END, "\n"] {
            certificates.push_str(part);
        }
        rest = after;
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_read_from_files_and_folders() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let pem = |body: &str| format!("{BEGIN}\n{body}\n{END}\n");
        let key = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n";
        std::fs::write(path("own.pem"), format!("# mine\n{key}{}{}", pem("A"), pem("B")))
            .expect("written");
        std::fs::create_dir(path("more")).expect("a folder");
        std::fs::write(path("more/c.crt"), pem("C")).expect("written");
        std::fs::write(path("more/readme"), "nothing").expect("written");
        let settings = TrustSettings {
            ca_file: Some(path("own.pem")),
            ssl_cert_file: Some(path("missing.pem")),
            ssl_cert_dir: Some(path("more")),
        };
        assert_eq!(settings.validate(), Ok(()));
        let read = settings.read();
        let text = String::from_utf8_lossy(read.pem()).into_owned();
        assert_eq!(text, format!("{}{}{}", pem("A"), pem("B"), pem("C")));
        assert_eq!(read.unreadable(), [path("missing.pem")]);
        for wrong in ["missing.pem", "more", "more/readme"] {
            let settings = TrustSettings { ca_file: Some(path(wrong)), ..TrustSettings::default() };
            let (key, reason) = settings.validate().expect_err("refused");
            assert_eq!(key, "trust.ca_file");
            assert!(reason.contains(wrong), "{reason}");
        }
    }
}
