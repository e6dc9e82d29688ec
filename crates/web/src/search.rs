//! Search.

use askama::Template;

use crate::{MarkedPart, Picture, Shell};

/// A frame that was found.
#[derive(Debug, Clone, Default)]
pub struct SearchHitCard {
    /// Address of the frame's page below the service's root.
    pub address: String,
    /// Start of the story's title.
    pub title: String,
    /// Number of the frame as people count, from 1.
    pub number: i32,
    /// The part of the text around the words that were found.
    pub excerpt: Vec<MarkedPart>,
    /// The illustration.
    pub picture: Option<Picture>,
}

/// The page at `/search`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "search.html")]
pub struct SearchPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// What was searched for; empty before the first search.
    pub query: String,
    /// How the search was made, in a sentence.
    pub how: String,
    /// What was found, best first.
    pub hits: Vec<SearchHitCard>,
    /// Address of the page with further frames.
    pub more: Option<String>,
    /// What was wrong with the query.
    pub problem: Option<String>,
}
