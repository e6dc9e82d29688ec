//! Why a book cannot be made.

/// A book could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The typeface of PDFs lacks a letter or digit.
    #[error("the typeface has no “{0}”; it has Latin, Greek and Cyrillic letters")]
    MissingLetter(char),
    /// A picture is not in a format that PDF can hold.
    #[error("a picture cannot be put into a PDF: {0}")]
    Picture(String),
    /// The embedded typeface cannot be read.
    #[error("the typeface cannot be read")]
    Typeface,
    /// The file would be larger than its format allows.
    #[error("the book is too large for its format")]
    TooLarge,
    /// The PDF could not be written.
    #[error("the PDF cannot be written: {0}")]
    Pdf(String),
}
