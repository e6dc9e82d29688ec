//! The package document: metadata, the list of files, and the order of reading.

use std::fmt::Write;

use super::overlay::clock;
use super::{cover_page, document_name, narration_name, overlay_name, picture_name};
use crate::book::{Book, is_right_to_left};
use crate::xml::escape;

/// Returns the package document.
pub(super) fn package(book: &Book) -> String {
    let direction = if is_right_to_left(&book.language) { "rtl" } else { "ltr" };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\" unique-identifier=\"id\" \
         xml:lang=\"{}\" prefix=\"xmp: http://ns.adobe.com/xap/1.0/\">\n\
         <metadata xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n{}</metadata>\n\
         <manifest>\n{}</manifest>\n\
         <spine page-progression-direction=\"{direction}\">\n{}</spine>\n</package>\n",
        escape(&book.language),
        metadata(book),
        manifest(book),
        spine(book),
    )
}

fn metadata(book: &Book) -> String {
    let mut lines = String::new();
    let mut add = |line: String| {
        // Writing to a String does not fail.
        let _ = writeln!(lines, "{line}");
    };
    add(format!("<dc:identifier id=\"id\">{}</dc:identifier>", escape(&book.id)));
    let title = match &book.volume {
        Some(volume) => format!("{} – {volume}", book.title),
        None => book.title.clone(),
    };
    add(format!("<dc:title>{}</dc:title>", escape(&title)));
    add(format!("<dc:language>{}</dc:language>", escape(&book.language)));
    if !book.author.is_empty() {
        add(format!("<dc:creator>{}</dc:creator>", escape(&book.author)));
    }
    let mut property = |name: &str, value: &str| {
        add(format!("<meta property=\"{name}\">{}</meta>", escape(value)));
    };
    property("dcterms:modified", &book.modified);
    property("xmp:CreatorTool", &book.generator);
    property("schema:accessMode", "textual");
    if cover_page(book).is_some() {
        property("schema:accessMode", "visual");
    }
    let narrations = book.pages.iter().filter_map(|page| page.narration.as_ref());
    let seconds: Vec<f64> = narrations.map(|narration| narration.seconds).collect();
    if !seconds.is_empty() {
        property("schema:accessMode", "auditory");
        property("schema:accessibilityFeature", "synchronizedAudioText");
    }
    property("schema:accessModeSufficient", "textual");
    for feature in [
        "alternativeText",
        "displayTransformability",
        "readingOrder",
        "structuralNavigation",
        "tableOfContents",
    ] {
        property("schema:accessibilityFeature", feature);
    }
    property("schema:accessibilityHazard", "none");
    property(
        "schema:accessibilitySummary",
        "A story in frames, each with a picture and a few sentences. Every picture has an alternative text: \
         the words by which it was made, or what the camera saw.",
    );
    if !seconds.is_empty() {
        // The total is the sum of the parts as they are written.
        let total: f64 = seconds.iter().map(|seconds| (seconds * 1000.0).round()).sum();
        property("media:duration", &clock(total / 1000.0));
        property("media:active-class", "spoken");
        for page in &book.pages {
            if let Some(narration) = &page.narration {
                add(format!(
                    "<meta property=\"media:duration\" refines=\"#overlay-{}\">{}</meta>",
                    page.number,
                    clock(narration.seconds)
                ));
            }
        }
    }
    lines
}

fn manifest(book: &Book) -> String {
    const XHTML: &str = "application/xhtml+xml";
    let mut lines = String::new();
    let mut add = |id: &str, name: &str, media_type: &str, more: &str| {
        // Writing to a String does not fail.
        let _ = writeln!(
            lines,
            "<item id=\"{id}\" href=\"{}\" media-type=\"{}\"{more}/>",
            escape(name),
            escape(media_type)
        );
    };
    let cover = cover_page(book).map(|page| page.number);
    add("nav", "nav.xhtml", XHTML, " properties=\"nav\"");
    add("style", "style.css", "text/css", "");
    if cover.is_some() {
        add("cover", "cover.xhtml", XHTML, "");
    }
    add("title", "title.xhtml", XHTML, "");
    for page in &book.pages {
        let number = page.number;
        let overlay = match &page.narration {
            Some(_) => format!(" media-overlay=\"overlay-{number}\""),
            None => String::new(),
        };
        add(&format!("frame-{number}"), &document_name(page), XHTML, &overlay);
        if let (Some(picture), Some(name)) = (&page.picture, picture_name(page)) {
            let is_cover = cover == Some(number);
            let more = if is_cover { " properties=\"cover-image\"" } else { "" };
            add(&format!("picture-{number}"), &name, picture.format.media_type(), more);
        }
        if let (Some(narration), Some(name)) = (&page.narration, narration_name(page)) {
            let smil = "application/smil+xml";
            add(&format!("overlay-{number}"), &overlay_name(page), smil, "");
            add(&format!("narration-{number}"), &name, &narration.media_type, "");
        }
    }
    add("colophon", "colophon.xhtml", XHTML, "");
    lines
}

fn spine(book: &Book) -> String {
    let cover = cover_page(book).map(|_| "cover".to_owned());
    let frames = book.pages.iter().map(|page| format!("frame-{}", page.number));
    let ids = cover.into_iter().chain(["title".to_owned()]).chain(frames);
    let mut lines = String::new();
    for id in ids.chain(["colophon".to_owned()]) {
        // Writing to a String does not fail.
        let _ = writeln!(lines, "<itemref idref=\"{id}\"/>");
    }
    lines
}
