//! The PDFs, read by their structure. That they look as they should is for people to see.

use bytes::Bytes;

use super::{pdf, zine};
use crate::{Book, BookError, BookPage, BookPicture, ColophonEntry, PictureFormat};

/// A JPEG of 16 by 12 pixels, grey.
const PICTURE: &[u8] = include_bytes!("test-picture.jpg");

fn book(count: i32, text: &str) -> Book {
    let page = |number: i32| BookPage {
        number,
        paragraphs: vec![text.to_owned(), format!("It is number {number}.")],
        language: "en".to_owned(),
        picture: (number % 3 != 0).then(|| BookPicture {
            file: Bytes::from_static(PICTURE),
            format: PictureFormat::Jpeg,
            width: 16,
            height: 12,
            alt: "A lamp".to_owned(),
        }),
        narration: None,
    };
    Book {
        id: "urn:uuid:0197f2c4-5b1e-7c3a-9d1e-000000000000".to_owned(),
        title: "A lamp in the rain".to_owned(),
        author: "kitchen".to_owned(),
        language: "en".to_owned(),
        modified: "2026-11-23T07:04:17Z".to_owned(),
        generator: "Calliope 1.2.3".to_owned(),
        pages: (1..=count).map(page).collect(),
        colophon: vec![ColophonEntry { label: "When".to_owned(), text: "In 2026.".to_owned() }],
        ..Book::default()
    }
}

fn count(file: &[u8], mark: &str) -> usize {
    file.windows(mark.len()).filter(|bytes| *bytes == mark.as_bytes()).count()
}

/// Returns the boxes of the pages, each as its width and height in whole points.
fn pages(file: &[u8]) -> Vec<(u32, u32)> {
    let text = String::from_utf8_lossy(file);
    let boxes = text.split("/MediaBox").skip(1);
    let size = |rest: &str| {
        let inside = rest.split(['[', ']']).nth(1).unwrap_or_default();
        let numbers: Vec<f32> = inside.split_whitespace().map(|n| n.parse().unwrap()).collect();
        (numbers[2] as u32, numbers[3] as u32)
    };
    boxes.map(size).collect()
}

#[test]
fn a_book_has_a_title_a_page_for_each_frame_and_a_colophon() {
    let file = pdf(&book(5, "A lamp burns.")).unwrap();
    assert!(file.starts_with(b"%PDF-") && file.trim_ascii_end().ends_with(b"%%EOF"));
    assert_eq!(pages(&file), [(419, 595); 7]);
    assert_eq!(file, pdf(&book(5, "A lamp burns.")).unwrap(), "the same book is the same file");
    assert!(count(&file, "/Figure") >= 4 && count(&file, "/StructTreeRoot") > 0, "it is tagged");
    assert!(count(&file, "/Lang") > 0);
    assert!(file.windows(PICTURE.len()).any(|bytes| bytes == PICTURE), "pictures stay as they are");
}

#[test]
fn words_without_room_go_on_on_the_next_page() {
    let long = "A lamp burns and the sea answers. ".repeat(80);
    let file = pdf(&book(1, &long)).unwrap();
    assert!(pages(&file).len() > 3, "{:?}", pages(&file));
    let word = "x".repeat(4_000);
    assert!(pdf(&book(2, &word)).is_ok() && zine(&book(2, &word)).is_ok());
}

#[test]
fn a_zine_is_one_sheet_whatever_the_story() {
    for frames in [0, 1, 3, 6, 7, 60] {
        let file = zine(&book(frames, &"A lamp burns. ".repeat(frames as usize * 9))).unwrap();
        assert_eq!(pages(&file), [(595, 841); 2], "{frames}");
    }
    let excerpt = super::zine::excerpt(&book(60, "A lamp."));
    let numbers: Vec<i32> = excerpt.iter().map(|page| page.number).collect();
    assert_eq!(numbers, [1, 12, 24, 36, 48, 60]);
}

#[test]
fn what_cannot_be_printed_is_refused_by_name() {
    let refused = pdf(&book(1, "灯台")).unwrap_err();
    assert!(matches!(refused, BookError::MissingLetter('灯')));
    assert_eq!(
        refused.to_string(),
        "the typeface has no “灯”; it has Latin, Greek and Cyrillic letters"
    );
    let mut other = book(1, "A lamp.");
    if let Some(picture) = &mut other.pages[0].picture {
        picture.format = PictureFormat::Png;
    }
    assert!(matches!(pdf(&other), Err(BookError::Picture(_))));
    if let Some(picture) = &mut other.pages[0].picture {
        (picture.format, picture.file) = (PictureFormat::Jpeg, Bytes::from_static(b"no picture"));
    }
    assert!(matches!(pdf(&other), Err(BookError::Picture(_))));
}
