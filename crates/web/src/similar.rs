//! The moments of other stories that are like a frame.

use askama::Template;

use crate::{SearchHitCard, Shell};

/// The page at `/s/{slug}/{number}/similar`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "similar.html")]
pub struct SimilarPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Start of the story's title.
    pub title: String,
    /// Number of the frame as people count, from 1.
    pub number: i32,
    /// Address of the frame's page below the service's root.
    pub address: String,
    /// How the frames were found, in a sentence.
    pub how: String,
    /// What was found, the closest first.
    pub hits: Vec<SearchHitCard>,
}
