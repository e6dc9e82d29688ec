//! The cookies of a browser that is a Sparrow: its device token, and while it waits for approval, its pairing.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// Name of the cookie that holds the browser's device token.
pub(super) const TOKEN: &str = "calliope_browser";

/// Name of the cookie that holds the code and the poll token of a pairing that waits for approval.
pub(super) const PAIRING: &str = "calliope_pairing";

/// How long a browser keeps its token, in seconds: 400 days, the longest that browsers allow.
const TOKEN_SECONDS: u32 = 400 * 24 * 3600;

/// How long a browser keeps its pairing, in seconds: as long as a code can be approved and collected.
const PAIRING_SECONDS: u32 = 20 * 60;

/// Returns the `Set-Cookie` value that keeps a device token. `secure` restricts the cookie to HTTPS.
pub(super) fn keep_token(token: &str, secure: bool) -> String {
    build(TOKEN, token, TOKEN_SECONDS, secure)
}

/// Returns the `Set-Cookie` value that keeps a pairing.
pub(super) fn keep_pairing(code: &str, poll_token: &str, secure: bool) -> String {
    build(PAIRING, &format!("{code}.{poll_token}"), PAIRING_SECONDS, secure)
}

/// Returns the `Set-Cookie` value that forgets a pairing.
pub(super) fn forget_pairing() -> String {
    build(PAIRING, "", 0, false)
}

fn build(name: &str, value: &str, max_age_seconds: u32, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={max_age_seconds}{secure}")
}

/// Returns the code and the poll token of the pairing that a browser waits for.
pub(super) fn pairing(headers: &HeaderMap) -> Option<(String, String)> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?.split(';');
    let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == PAIRING)?;
    let (code, poll_token) = value.split_once('.')?;
    Some((code.to_owned(), poll_token.to_owned()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_pairing_comes_back_as_it_was_kept() {
        let kept = keep_pairing("K7QM-2HXD", "poll-me", true);
        assert!(kept.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=1200; Secure"), "{kept}");
        let sent = format!("a=b; {}", kept.split(';').next().unwrap_or_default());
        let value = HeaderValue::from_str(&sent).expect("a header");
        let headers = HeaderMap::from_iter([(COOKIE, value)]);
        assert_eq!(pairing(&headers), Some(("K7QM-2HXD".to_owned(), "poll-me".to_owned())));
        assert_eq!(pairing(&HeaderMap::new()), None);
        assert!(!keep_token("t", false).contains("Secure"));
    }
}
