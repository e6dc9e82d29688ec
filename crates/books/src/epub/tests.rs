//! What an EPUB holds, read as a reader does: from its container to each file.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::epub;
use crate::archive::tests::read;
use crate::{Book, BookPage, BookPicture, ColophonEntry, Narration, PictureFormat};

/// Returns a book of `count` frames, the first of which is narrated.
fn book(count: i32, language: &str, text: &str) -> Book {
    let page = |number: i32| BookPage {
        number,
        paragraphs: vec![format!("{text} {number}"), "It waits.".to_owned()],
        language: language.to_owned(),
        picture: Some(BookPicture {
            file: Bytes::from(vec![number as u8; 9]),
            format: if number == 2 { PictureFormat::Png } else { PictureFormat::Jpeg },
            width: 4,
            height: 3,
            alt: "A lamp & \"a <moth>\"".to_owned(),
        }),
        narration: (number == 1).then(|| Narration {
            file: Bytes::from_static(b"sound"),
            media_type: "audio/mpeg".to_owned(),
            extension: "mp3".to_owned(),
            seconds: 2.0406,
        }),
    };
    Book {
        id: "urn:uuid:0197f2c4-5b1e-7c3a-9d1e-000000000000".to_owned(),
        title: "A <lamp> & a moth\u{1}".to_owned(),
        volume: None,
        author: "kitchen".to_owned(),
        language: language.to_owned(),
        modified: "2026-11-23T07:04:17Z".to_owned(),
        generator: "Calliope 1.2.3".to_owned(),
        pages: (1..=count).map(page).collect(),
        colophon: vec![ColophonEntry { label: "When".to_owned(), text: "In 2026.".to_owned() }],
    }
}

/// An element with its attributes and its text.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
}

fn elements(xml: &[u8]) -> Vec<Element> {
    let text = std::str::from_utf8(xml).expect("UTF-8");
    let mut reader = Reader::from_str(text);
    let (mut found, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        let event = reader.read_event().expect("well-formed XML");
        match event {
            Event::Eof => break,
            Event::Start(ref start) | Event::Empty(ref start) => {
                let name = String::from_utf8(start.name().as_ref().to_vec()).expect("text");
                let mut element = Element { name, ..Element::default() };
                for attribute in start.attributes() {
                    let attribute = attribute.expect("an attribute");
                    let key = String::from_utf8(attribute.key.as_ref().to_vec()).expect("text");
                    let value = std::str::from_utf8(&attribute.value).expect("text");
                    let value = quick_xml::escape::unescape(value).expect("escaped");
                    element.attributes.insert(key, value.into_owned());
                }
                if matches!(event, Event::Start(_)) {
                    open.push(found.len());
                }
                found.push(element);
            }
            Event::End(_) => {
                open.pop().expect("it was opened");
            }
            Event::Text(text) => {
                if let Some(at) = open.last() {
                    found[*at].text.push_str(std::str::from_utf8(&text).expect("text"));
                }
            }
            _ => {}
        }
    }
    assert!(open.is_empty());
    found
}

fn named<'a>(elements: &'a [Element], name: &str) -> Vec<&'a Element> {
    elements.iter().filter(|element| element.name == name).collect()
}

/// Returns the values of a property of the package.
fn property(package: &[Element], name: &str) -> Vec<String> {
    let metas = named(package, "meta").into_iter();
    let metas = metas.filter(|meta| meta.attributes.get("property").is_some_and(|p| p == name));
    metas.map(|meta| meta.text.clone()).collect()
}

#[test]
fn everything_that_is_listed_exists_and_the_reverse() {
    let files = read(&epub(&book(3, "en", "A lamp.")).expect("made"));
    let package = elements(&files["book/package.opf"]);
    let mut listed: BTreeSet<String> =
        ["mimetype", "META-INF/container.xml", "book/package.opf"].map(str::to_owned).into();
    let mut ids = BTreeSet::new();
    for item in named(&package, "item") {
        listed.insert(format!("book/{}", item.attributes["href"]));
        assert!(ids.insert(item.attributes["id"].clone()), "an id is there twice");
    }
    assert_eq!(listed, files.keys().cloned().collect());
    for reference in named(&package, "itemref") {
        assert!(ids.contains(&reference.attributes["idref"]));
    }
    for (name, file) in files.iter().filter(|(name, _)| name.rsplit('.').next() == Some("xhtml")) {
        let elements = elements(file);
        for element in &elements {
            for attribute in ["src", "href"] {
                if let Some(target) = element.attributes.get(attribute) {
                    assert!(files.contains_key(&format!("book/{target}")), "{name}: {target}");
                }
            }
        }
        assert_eq!(elements[0].attributes["lang"], "en", "{name}");
    }
    assert_eq!(files["book/picture-2.png"], [2; 9]);
}

#[test]
fn pictures_have_words_and_the_book_says_so() {
    let files = read(&epub(&book(3, "de", "Eine Lampe.")).expect("made"));
    let frame = elements(&files["book/frame-2.xhtml"]);
    assert_eq!(named(&frame, "img")[0].attributes["alt"], "A lamp & \"a <moth>\"");
    let package = elements(&files["book/package.opf"]);
    let features = property(&package, "schema:accessibilityFeature");
    assert!(features.iter().any(|feature| feature == "alternativeText"), "{features:?}");
    assert_eq!(property(&package, "schema:accessModeSufficient"), ["textual"]);
    assert_eq!(property(&package, "schema:accessibilityHazard"), ["none"]);
    assert_eq!(named(&package, "dc:language")[0].text, "de");
    let covers: Vec<_> = named(&package, "item")
        .into_iter()
        .filter(|item| item.attributes.get("properties").is_some_and(|p| p == "cover-image"))
        .map(|item| item.attributes["href"].as_str())
        .collect();
    assert_eq!(covers, ["picture-1.jpg"]);
}

#[test]
fn a_narration_is_an_overlay() {
    let files = read(&epub(&book(2, "en", "A lamp.")).expect("made"));
    let package = elements(&files["book/package.opf"]);
    assert_eq!(property(&package, "media:duration"), ["2.041s", "2.041s"], "in total and each");
    let overlaid: Vec<_> = named(&package, "item")
        .into_iter()
        .filter_map(|item| {
            item.attributes.get("media-overlay").map(|id| (&item.attributes["id"], id))
        })
        .map(|(item, overlay)| (item.as_str(), overlay.as_str()))
        .collect();
    assert_eq!(overlaid, [("frame-1", "overlay-1")]);
    let smil = elements(&files["book/frame-1.smil"]);
    assert_eq!(named(&smil, "text")[0].attributes["src"], "frame-1.xhtml#words");
    assert_eq!(named(&smil, "audio")[0].attributes["src"], "narration-1.mp3");
    assert_eq!(files["book/narration-1.mp3"], b"sound");
    let frame = elements(&files["book/frame-1.xhtml"]);
    assert!(
        frame.iter().any(|element| element.attributes.get("id").is_some_and(|id| id == "words"))
    );
    let silent = read(&epub(&Book { pages: Vec::new(), ..book(0, "en", "") }).expect("made"));
    let package = elements(&silent["book/package.opf"]);
    assert!(property(&package, "media:duration").is_empty());
}

#[test]
fn a_book_that_is_read_from_right_to_left_turns_that_way() {
    let files = read(&epub(&book(1, "ar", "كان هناك مصباح")).expect("made"));
    let package = elements(&files["book/package.opf"]);
    let spine = named(&package, "spine")[0];
    assert_eq!(spine.attributes["page-progression-direction"], "rtl");
    assert_eq!(elements(&files["book/frame-1.xhtml"])[0].attributes["dir"], "rtl");
}

#[test]
fn the_same_book_is_the_same_file() {
    let made = || epub(&book(3, "en", "A lamp.")).expect("made");
    assert_eq!(made(), made());
    assert!(!read(&made())["book/title.xhtml"].contains(&1), "no control characters");
}
