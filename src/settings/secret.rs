//! Serialization of secrets in a form that may be shown.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// The serialized form of a secret: an object, which no other setting is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MaskedSecret {
    /// The masked secret, or `None` if it is not set.
    pub(super) secret: Option<String>,
}

/// Serializes a secret as [`MaskedSecret`].
///
/// Every field of type [`SecretString`] needs this function, because that type does not implement [`Serialize`].
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(super) fn serialize<S: Serializer>(
    secret: &Option<SecretString>,
    to: S,
) -> Result<S::Ok, S::Error> {
    MaskedSecret { secret: secret.as_ref().map(mask) }.serialize(to)
}

/// Returns `•••`, followed by the last four characters if the secret has at least twelve.
fn mask(secret: &SecretString) -> String {
    let text = secret.expose_secret();
    let count = text.chars().count();
    let tail = if count < 12 { String::new() } else { text.chars().skip(count - 4).collect() };
    format!("•••{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_secret_shows_its_last_four_characters() {
        for (secret, shown) in [
            ("", "•••"),
            ("elevenchars", "•••"),
            ("twelve-chars", "•••hars"),
            ("ééééééééäöüß", "•••äöüß"),
        ] {
            assert_eq!(mask(&secret.into()), shown);
        }
    }
}
