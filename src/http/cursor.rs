//! Cursors: places in a list, opaque to whoever carries them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::app::AppError;

/// The longest cursor that is read, in bytes: four times the longest that is made.
const MAX: usize = 16 << 10;

/// A place as clients carry it.
pub(super) fn encode(place: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

/// The place that a cursor stands for.
pub(super) fn decode<T: DeserializeOwned>(cursor: &str) -> Result<T, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().filter(|_| cursor.len() <= MAX);
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(|| {
        let reason = "was not made here; send the next_cursor of the part before, or none";
        Problem::of(AppError::invalid("cursor", reason), "query")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_comes_back_as_it_was(name in ".{0,255}", id: i64) {
            let cursor = encode(&(&name, id));
            prop_assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            prop_assert_eq!(decode::<(String, i64)>(&cursor).ok(), Some((name, id)));
        }

        #[test]
        fn what_was_made_up_is_refused(cursor in ".{0,40}") {
            prop_assert!(decode::<(String, i64)>(&cursor).is_err());
        }
    }

    #[test]
    fn another_lists_cursor_and_one_without_end_are_refused() {
        assert!(decode::<i64>(&encode(&"name")).is_err());
        assert!(decode::<String>(&encode(&7)).is_err());
        assert!(decode::<String>(&encode(&"x".repeat(MAX))).is_err());
        assert!(decode::<String>(&encode(&"x".repeat(4000))).is_ok());
    }
}
