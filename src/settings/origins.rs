//! Web origins (`Origin` of RFC 6454), as browsers and apps send them.

use reqwest::Url;

/// Schemes whose pages never send an origin of their own.
const WITHOUT_ORIGIN: [&str; 8] =
    ["about", "blob", "data", "file", "ftp", "javascript", "ws", "wss"];

/// Returns an origin as a browser sends it: in lower case, with the host in ASCII, and without a default port or a
/// trailing slash. `https://Stories.example:443/` becomes `https://stories.example`.
///
/// # Errors
///
/// Why no request can ever come from this origin, as the end of a sentence that begins with it.
pub(super) fn normalize(origin: &str) -> Result<String, String> {
    let origin = origin.trim();
    if origin.eq_ignore_ascii_case("null") {
        return Err("stands for every page in a sandbox and every local file; serve the page from an address".to_owned());
    }
    if origin.contains('*') {
        return Err("is a pattern; list each origin in full".to_owned());
    }
    let not_an_origin = || "is not an origin; write it like https://stories.example".to_owned();
    let (_, rest) = origin.split_once("://").ok_or_else(not_an_origin)?;
    if rest.is_empty() || rest.starts_with(['/', '\\']) {
        return Err(not_an_origin());
    }
    let url = Url::parse(origin).map_err(|_| not_an_origin())?;
    let has_more = !url.username().is_empty()
        || url.password().is_some()
        || !matches!(url.path(), "" | "/")
        || url.query().is_some()
        || url.fragment().is_some();
    let host = url.host_str().filter(|host| !host.is_empty() && !has_more);
    let host = host.ok_or_else(not_an_origin)?;
    let scheme = url.scheme();
    if WITHOUT_ORIGIN.contains(&scheme) {
        return Err(format!("can never match, because no page has an origin with {scheme}:"));
    }
    // The parser drops the default ports of http and https. Apps' own schemes have none.
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{scheme}://{}{port}", host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_becomes_what_browsers_send() {
        for (given, expected) in [
            ("https://stories.example", "https://stories.example"),
            ("HTTPS://Stories.Example:443", "https://stories.example"),
            ("http://stories.example:80/", "http://stories.example"),
            ("http://stories.example:443", "http://stories.example:443"),
            (" https://stories.example:8443 ", "https://stories.example:8443"),
            ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("ionic://localhost/", "ionic://localhost"),
            ("tauri://localhost", "tauri://localhost"),
            ("Tauri://LOCALHOST", "tauri://localhost"),
            ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
            ("moz-extension://0197F2C4-5b1e", "moz-extension://0197f2c4-5b1e"),
            ("app://calliope", "app://calliope"),
        ] {
            assert_eq!(normalize(given).as_deref(), Ok(expected), "{given}");
        }
    }

    #[test]
    fn what_can_never_match_is_refused() {
        for given in [
            "",
            "*",
            "null",
            "stories.example",
            "https://",
            "https:///stories.example",
            "https://stories.example/app",
            "https://stories.example?x",
            "https://ada@stories.example",
            "https://*.stories.example",
            "https://stories.example:99999",
            "https://stories example",
            "wss://stories.example",
            "file:///home/ada",
            "file://localhost",
            "capacitor://",
        ] {
            assert!(normalize(given).is_err(), "{given}: {:?}", normalize(given));
        }
    }
}
