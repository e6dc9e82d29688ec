//! The documents of an EPUB, and their style sheet.

use std::fmt::Write;

use super::{cover_page, document_name, picture_name};
use crate::book::{Book, BookPage, is_right_to_left};
use crate::xml::escape;

/// The style sheet. It leaves the typeface, the size and the colours to the reader.
pub(super) const STYLE: &str = "\
body { margin: 0 5%; }
h1 { font-weight: normal; font-style: italic; line-height: 1.25; overflow-wrap: break-word; }
figure { margin: 0 0 1.2em; text-align: center; break-inside: avoid; page-break-inside: avoid; }
img { max-width: 100%; max-height: 62vh; }
p { margin: 0; line-height: 1.5; overflow-wrap: break-word; hyphens: auto; orphans: 2; widows: 2; }
p + p { text-indent: 1.3em; }
.cover { margin: 0; text-align: center; }
.cover img { max-height: 98vh; }
.title { text-align: center; padding-top: 18vh; }
.title p { text-indent: 0; margin-top: 1.5em; }
dt { font-style: italic; margin-top: 1em; }
dd { margin: 0; overflow-wrap: break-word; }
.spoken { background: #f3d48b; color: #211c16; }
";

/// Returns a document. `kind` is its type in the vocabulary of structural semantics.
fn document(language: &str, title: &str, kind: &str, body: &str) -> String {
    let language = escape(language);
    let direction = if is_right_to_left(&language) { "rtl" } else { "ltr" };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE html>\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:epub=\"http://www.idpf.org/2007/ops\" \
         lang=\"{language}\" xml:lang=\"{language}\" dir=\"{direction}\">\n\
         <head><title>{}</title><link rel=\"stylesheet\" href=\"style.css\"/></head>\n\
         <body{kind}>\n{body}</body>\n</html>\n",
        escape(title)
    )
}

/// Returns the page that shows the cover alone.
pub(super) fn cover(book: &Book) -> String {
    let image = cover_page(book).map(image).unwrap_or_default();
    let body = format!("<figure class=\"cover\">{image}</figure>\n");
    document(&book.language, &book.title, " epub:type=\"cover\"", &body)
}

/// Returns the title page.
pub(super) fn title(book: &Book) -> String {
    let mut body = format!(
        "<section class=\"title\" epub:type=\"titlepage\">\n<h1 dir=\"auto\">{}</h1>\n",
        escape(&book.title)
    );
    for line in [book.volume.as_deref(), Some(book.author.as_str())].into_iter().flatten() {
        if !line.is_empty() {
            // Writing to a String does not fail.
            let _ = writeln!(body, "<p dir=\"auto\">{}</p>", escape(line));
        }
    }
    body.push_str("</section>\n");
    document(&book.language, &book.title, "", &body)
}

/// Returns the page of a frame.
pub(super) fn frame(book: &Book, page: &BookPage) -> String {
    let mut body = String::new();
    if page.picture.is_some() {
        // Writing to a String does not fail.
        let _ = writeln!(body, "<figure>{}</figure>", image(page));
    }
    body.push_str("<div id=\"words\">\n");
    for paragraph in &page.paragraphs {
        let _ = writeln!(body, "<p dir=\"auto\">{}</p>", escape(paragraph));
    }
    body.push_str("</div>\n");
    let language = if page.language.is_empty() { &book.language } else { &page.language };
    document(language, &page.label(), " epub:type=\"bodymatter\"", &body)
}

/// Returns the last page.
pub(super) fn colophon(book: &Book) -> String {
    let mut body = "<section epub:type=\"colophon\" lang=\"en\" xml:lang=\"en\">\n\
        <h1>Colophon</h1>\n<dl>\n"
        .to_owned();
    for entry in &book.colophon {
        // Writing to a String does not fail.
        let _ = writeln!(
            body,
            "<dt>{}</dt><dd dir=\"auto\">{}</dd>",
            escape(&entry.label),
            escape(&entry.text)
        );
    }
    body.push_str("</dl>\n</section>\n");
    document(&book.language, "Colophon", " epub:type=\"backmatter\"", &body)
}

/// Returns the table of contents, with the landmarks of the book.
pub(super) fn contents(book: &Book) -> String {
    let mut list = String::new();
    let mut add = |name: &str, label: &str| {
        // Writing to a String does not fail.
        let _ = writeln!(list, "<li><a href=\"{name}\">{}</a></li>", escape(label));
    };
    add("title.xhtml", &book.title);
    for page in &book.pages {
        add(&document_name(page), &page.label());
    }
    add("colophon.xhtml", "Colophon");
    let start = book.pages.first().map_or_else(|| "title.xhtml".to_owned(), document_name);
    let cover = match cover_page(book) {
        Some(_) => "<li><a epub:type=\"cover\" href=\"cover.xhtml\">Cover</a></li>\n",
        None => "",
    };
    let body = format!(
        "<nav epub:type=\"toc\" id=\"toc\"><h1 dir=\"auto\">{}</h1>\n<ol>\n{list}</ol></nav>\n\
         <nav epub:type=\"landmarks\" hidden=\"hidden\"><ol>\n{cover}\
         <li><a epub:type=\"bodymatter\" href=\"{start}\">Start</a></li>\n\
         </ol></nav>\n",
        escape(&book.title)
    );
    document(&book.language, &book.title, "", &body)
}

fn image(page: &BookPage) -> String {
    let Some((picture, name)) = page.picture.as_ref().zip(picture_name(page)) else {
        return String::new();
    };
    format!("<img src=\"{name}\" alt=\"{}\"/>", escape(&picture.alt))
}
