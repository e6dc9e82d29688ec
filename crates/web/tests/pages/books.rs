//! The samples of books.

use calliope_web::{BookPage, FramePart, shorten};

use super::shares::{BASE, shared_shell, signed_picture};
use super::{ATTACK, WORDS, frame, picture, render, shell};

fn book(text: &str, language: &str) -> BookPage {
    let second = FramePart { number: 2, picture: None, ..frame(text, language) };
    BookPage {
        shell: shell(),
        title: shorten(text, 60),
        pages: "/s/the-lamp-had-burned-for/".to_owned(),
        back: "/s/the-lamp-had-burned-for/1".to_owned(),
        author: "kitchen".to_owned(),
        volume: 1,
        volumes: 1,
        frames: vec![frame(text, language), second],
        colophon: vec![("When".to_owned(), "30 November 2026".to_owned())],
        ..BookPage::default()
    }
}

pub(super) fn all() -> Vec<(&'static str, String)> {
    let arabic = "كان المصباح مضاءً منذ مئة عام.";
    let part = Some("Volume 2 of 3".to_owned());
    let volume = BookPage { part, volume: 2, volumes: 3, ..book(WORDS, "en") };
    let mut shared = BookPage {
        shell: shared_shell(),
        pages: format!("{BASE}/"),
        back: format!("{BASE}/1"),
        author: String::new(),
        ..book(WORDS, "en")
    };
    shared.frames[0].picture = Some(signed_picture());
    vec![
        ("book_empty", render(&BookPage { frames: Vec::new(), ..book(WORDS, "en") })),
        ("book_many", render(&book(WORDS, "en"))),
        ("book_right_to_left", render(&book(arabic, "ar"))),
        ("book_volume", render(&volume)),
        ("book_shared", render(&shared)),
    ]
}

pub(super) fn hostile() -> String {
    let mut book = book(ATTACK, "en");
    ATTACK.clone_into(&mut book.author);
    book.frames[0].picture = Some(picture(ATTACK));
    book.colophon = vec![(ATTACK.to_owned(), ATTACK.to_owned())];
    render(&book)
}
