//! Cursors: positions in a list, opaque to clients. A cursor is a position's JSON in URL-safe base64.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::app::AppError;
use crate::domain::has_nul;

/// The longest cursor that is accepted, in bytes: four times the longest that the service issues.
const MAX_CURSOR_BYTES: usize = 16 << 10;

/// Encodes a position as a cursor.
pub(super) fn encode(position: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(position).unwrap_or_default())
}

/// Returns the position that a cursor encodes, or `None` without a cursor, which is the beginning of the list.
pub(super) fn parse<T: DeserializeOwned>(cursor: Option<&String>) -> Result<Option<T>, Problem> {
    cursor.map(|cursor| decode(cursor)).transpose()
}

fn decode<T: DeserializeOwned>(cursor: &str) -> Result<T, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().filter(|_| cursor.len() <= MAX_CURSOR_BYTES);
    let json = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    // No row contains a NUL, and PostgreSQL rejects a parameter with one.
    let json = json.filter(|json| !has_nul(json));
    json.and_then(|json| serde_json::from_str(&json).ok()).ok_or_else(|| {
        let reason = "is not valid; send the next_cursor of the previous page, or omit it";
        Problem::from_error(AppError::invalid("cursor", reason), "query")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_comes_back_as_it_was(name in "[^\0]{0,255}", id: i64) {
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
        assert!(decode::<String>(&encode(&"a\0b")).is_err());
        assert!(decode::<String>(&encode(&r"a\u0000")).is_ok(), "a backslash, not a NUL");
        assert!(decode::<String>(&encode(&"x".repeat(MAX_CURSOR_BYTES))).is_err());
        assert!(decode::<String>(&encode(&"x".repeat(4000))).is_ok());
    }
}
