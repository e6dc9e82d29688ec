//! `/search`: frames by their words, and by their meaning where a model for it is configured.

use axum::extract::State;
use axum::http::Uri;
use axum::response::IntoResponse;
use calliope_web::{SearchHitCard, SearchPage, marked_excerpt};

use super::answer::{self, PageResult};
use super::fields::Fields;
use super::frame_view::{picture, title};
use super::visitor::Visitor;
use crate::app::{ErrorKind, MatchedBy, SearchHitView, SearchMode, SearchRequest};
use crate::http::{HttpState, cursor};

/// How many frames a page shows.
const PAGE_SIZE: i64 = 12;

/// The most characters of a frame's text beside a hit.
const MAX_EXCERPT: usize = 280;

/// Searches for the words in the query, or shows the form.
pub(super) async fn get(State(state): State<HttpState>, visitor: Visitor, uri: Uri) -> PageResult {
    let principal = visitor.require_known()?;
    let fields = Fields::of_query(&uri);
    let query = fields.get("q").map(str::trim).unwrap_or_default().to_owned();
    let mut view = SearchPage { shell: visitor.shell(), query, ..SearchPage::default() };
    if view.query.is_empty() {
        return Ok(answer::page(&state, &view).await);
    }
    let after = fields.get("cursor").map(str::to_owned);
    let after = cursor::parse(after.as_ref()).map_err(IntoResponse::into_response)?;
    let request = SearchRequest {
        query: view.query.clone(),
        limit: PAGE_SIZE,
        after,
        ..SearchRequest::default()
    };
    match state.app.search().search(visitor.actor(principal), &request).await {
        Ok(page) => {
            view.how = how_it_searched(&view.query, page.mode, page.is_corrected, &page.results);
            let query: String = form_urlencoded::byte_serialize(view.query.as_bytes()).collect();
            view.more = page
                .next_cursor
                .map(|next| format!("/search?q={query}&cursor={}", cursor::encode(&next)));
            view.hits = page.results.into_iter().map(card).collect();
        }
        Err(error) if error.kind == ErrorKind::Invalid => view.problem = Some(error.detail),
        Err(error) => return Err(answer::refuse(error)),
    }
    Ok(answer::page(&state, &view).await)
}

pub(super) fn card(hit: SearchHitView) -> SearchHitCard {
    let name = if hit.slug.is_empty() { hit.story_id.to_string() } else { hit.slug };
    let text = hit.text.unwrap_or_default();
    let image = hit.image.as_ref();
    SearchHitCard {
        address: format!("/s/{name}/{}", hit.frame_number + 1),
        title: title(&hit.title),
        number: hit.frame_number + 1,
        excerpt: marked_excerpt(&text, &hit.highlights, MAX_EXCERPT),
        picture: picture(
            image.map(|image| image.url.as_str()),
            image.map(|image| image.width),
            image.map(|image| image.height),
            String::new(),
        ),
    }
}

/// Returns a sentence that says how the frames were found: by which searches, and by other words if none has those that
/// were asked for.
fn how_it_searched(
    query: &str,
    mode: SearchMode,
    is_corrected: bool,
    hits: &[SearchHitView],
) -> String {
    if hits.is_empty() {
        return format!("No frame has “{query}”. Try another word, or fewer.");
    }
    let found = found_words(hits);
    let asked: Vec<String> = query.split_whitespace().map(plain_word).collect();
    let is_asked_for = |word: &String| asked.iter().any(|asked| have_same_start(asked, word));
    let by_words = hits.iter().any(|hit| hit.matched_by.contains(&MatchedBy::Lexical));
    if by_words && !found.is_empty() && !found.iter().any(is_asked_for) {
        let others: Vec<String> = found.iter().take(3).map(|word| format!("“{word}”")).collect();
        return format!("No frame has “{query}”; these have {}.", others.join(" or "));
    }
    match mode {
        _ if by_words && is_corrected => {
            format!("No frame has “{query}”; these have words that are spelt much like it.")
        }
        SearchMode::Lexical => "Searched by words.".to_owned(),
        _ if !by_words => {
            "No frame has these words; these are close to them in meaning.".to_owned()
        }
        _ => "Searched by words and by meaning.".to_owned(),
    }
}

/// Returns the marked words of the hits, each once.
fn found_words(hits: &[SearchHitView]) -> Vec<String> {
    let mut found = Vec::new();
    for hit in hits {
        let text: Vec<char> = hit.text.as_deref().unwrap_or_default().chars().collect();
        for &(from, to) in &hit.highlights {
            let word: String = text.get(from..to).unwrap_or_default().iter().collect();
            let word = plain_word(&word);
            if !word.is_empty() && !found.contains(&word) {
                found.push(word);
            }
        }
    }
    found
}

fn plain_word(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// Returns whether two words are forms of one: they begin alike, as `lamp` and `lamps` do, or contain one another, as
/// words of scripts without blanks do.
fn have_same_start(a: &str, b: &str) -> bool {
    let shared = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let shorter = a.chars().count().min(b.chars().count());
    shared > 0 && shared + 1 >= shorter.max(3)
        || shared == shorter
        || a.contains(b)
        || b.contains(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(text: &str, highlights: &[(usize, usize)], by: MatchedBy) -> SearchHitView {
        SearchHitView {
            story_id: uuid::Uuid::nil(),
            slug: "a".to_owned(),
            title: String::new(),
            frame_number: 0,
            text: Some(text.to_owned()),
            highlights: highlights.to_vec(),
            image: None,
            score: 1.0,
            matched_by: vec![by],
            strategy: String::new(),
            date_created: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn it_says_honestly_how_it_searched() {
        let noon = [hit("At noon it rang.", &[(3, 7)], MatchedBy::Lexical)];
        let lamps = [hit("Two lamps.", &[(4, 9)], MatchedBy::Lexical)];
        let close_words = [hit("Mooon.", &[], MatchedBy::Lexical)];
        let close = [hit("A candle.", &[], MatchedBy::Semantic)];
        let say =
            |query: &str, mode, hits: &[SearchHitView]| how_it_searched(query, mode, false, hits);
        assert!(
            how_it_searched("moon", SearchMode::Lexical, true, &close_words).contains("much like")
        );
        assert_eq!(
            say("moon", SearchMode::Lexical, &noon),
            "No frame has “moon”; these have “noon”."
        );
        assert_eq!(say("Lamp", SearchMode::Lexical, &lamps), "Searched by words.");
        assert_eq!(say("lamp", SearchMode::Hybrid, &lamps), "Searched by words and by meaning.");
        assert!(say("lamp", SearchMode::Hybrid, &close).contains("close to them in meaning"));
        assert!(say("lamp", SearchMode::Hybrid, &[]).starts_with("No frame has “lamp”."));
    }
}
