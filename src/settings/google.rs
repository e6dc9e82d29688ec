//! Google's credentials files. Google writes several types; two of them can be used for a bucket.

use std::path::Path;

use serde_json::{Map, Value};

/// A type of credentials file that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoogleCredentials {
    /// The key of a service account, which can also sign URLs.
    ServiceAccount,
    /// The login of a person by `gcloud auth application-default login`, which cannot sign URLs.
    AuthorizedUser,
}

impl GoogleCredentials {
    /// Reads the type of a credentials file.
    ///
    /// # Errors
    ///
    /// Returns a phrase that follows the name of the setting, if the file cannot be used.
    pub fn of_file(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            format!("{shown} cannot be read ({error}); it must be a Google credentials file")
        })?;
        let Ok(fields) = serde_json::from_str::<Map<String, Value>>(&text) else {
            return Err(format!("{shown} is not a Google credentials file, which is JSON"));
        };
        let kind = match fields.get("type").and_then(Value::as_str) {
            Some("service_account") => Self::ServiceAccount,
            Some("authorized_user") => Self::AuthorizedUser,
            Some(other) => {
                let other: String = other.chars().take(60).collect();
                return Err(format!(
                    "{shown} has the type `{other}`, which cannot be used; use the key of a service account (`service_account`), \
                     or a login by `gcloud auth application-default login` (`authorized_user`), or, on Google Cloud, no file"
                ));
            }
            None if fields.contains_key("private_key") => Self::ServiceAccount,
            None => {
                return Err(format!(
                    "{shown} has no `type`, so it is not a Google credentials file; use the key of a service account"
                ));
            }
        };
        let needed: &[&str] = match kind {
            Self::ServiceAccount => &["client_email", "private_key", "private_key_id"],
            Self::AuthorizedUser => &["client_id", "client_secret", "refresh_token"],
        };
        let is_missing = |name: &&&str| !fields.get(**name).is_some_and(Value::is_string);
        match needed.iter().find(is_missing) {
            Some(missing) => {
                Err(format!("{shown} has no `{missing}`; create and download it again"))
            }
            None => Ok(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_type_of_file_is_used_or_refused_by_its_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("credentials.json");
        let read = |text: &str| {
            std::fs::write(&path, text).expect("written");
            GoogleCredentials::of_file(&path)
        };
        let account = json!({"type": "service_account", "client_email": "a@b", "private_key": "k", "private_key_id": "1"});
        assert_eq!(read(&account.to_string()), Ok(GoogleCredentials::ServiceAccount));
        let user = json!({"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"});
        assert_eq!(read(&user.to_string()), Ok(GoogleCredentials::AuthorizedUser));
        for refused in [
            "external_account",
            "impersonated_service_account",
            "external_account_authorized_user",
            "gdch_service_account",
        ] {
            let reason = read(&json!({"type": refused}).to_string()).expect_err("refused");
            assert!(
                reason.contains(&format!("`{refused}`")) && reason.contains("`service_account`"),
                "{reason}"
            );
        }
        for (text, expected) in [
            (r#"{"installed": {"client_id": "a"}}"#, "has no `type`"),
            (r#"{"type": "service_account", "client_email": "a@b"}"#, "has no `private_key`"),
            (
                r#"{"type": "authorized_user", "client_id": "a", "client_secret": "b"}"#,
                "has no `refresh_token`",
            ),
            ("-----BEGIN PRIVATE KEY-----", "which is JSON"),
            ("", "which is JSON"),
        ] {
            let reason = read(text).expect_err("refused");
            assert!(reason.contains(expected), "{reason}");
        }
    }
}
