//! The bodies of responses that are not JSON: web pages of proxies, and plain texts.

use crate::inference::wire_text;

/// The most characters that are read of a text.
const MAX_TEXT: usize = 2000;

/// Whether a response is a web page.
pub(super) fn is_web_page(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1000)]).to_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype", "<html", "<head", "<body", "<?xml"].iter().any(|tag| start.starts_with(tag))
        || start.contains("<html")
}

/// Describes the body of an error that is not JSON: the title of a web page, or the start of a text.
pub(super) fn plain_message(body: &str) -> Option<String> {
    if is_web_page(body.as_bytes()) {
        let title = ["title", "h1"].iter().find_map(|tag| element(body, tag));
        return Some(title.map_or_else(
            || "a web page".to_owned(),
            |title| format!("a web page with the title \"{title}\""),
        ));
    }
    let start: String = body.chars().take(MAX_TEXT).collect();
    let text = wire_text::clean(&start);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty() && !text.contains('\u{fffd}')).then_some(text)
}

/// Returns the text of the first element of this name.
fn element(page: &str, tag: &str) -> Option<String> {
    // The lower case of ASCII keeps the places of all characters.
    let lower = page.to_ascii_lowercase();
    let open = lower.find(&format!("<{tag}"))?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find('<')?;
    let text = wire_text::clean(page.get(start..end)?);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(80).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::super::ErrorResponse;

    #[test]
    fn a_body_that_is_not_json_says_what_went_wrong() {
        let read = |status, body: &str| {
            let status = StatusCode::from_u16(status).expect("a status");
            ErrorResponse::new(status, &HeaderMap::new(), body).failure.to_string()
        };
        let page = "<html>\r\n<head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
        let gateway = read(502, page);
        assert_eq!(gateway, "failed: HTTP 502, a web page with the title \"502 Bad Gateway\"");
        let blocked =
            read(403, "<!DOCTYPE html><html><h1 class=x>Sorry, you have been blocked</h1>");
        assert!(blocked.contains("Sorry, you have been blocked"), "{blocked}");
        assert_eq!(
            read(404, "404 page not found\n"),
            "refused the request: HTTP 404, 404 page not found"
        );
        assert_eq!(read(500, "\u{1b}[31mboom\u{1b}[0m\0"), "failed: HTTP 500, boom");
        assert_eq!(read(500, ""), "failed: HTTP 500");
        assert_eq!(read(400, "<html>"), "refused the request: HTTP 400, a web page");
    }
}
