//! The samples of walls.

use calliope_web::{WallFrame, WallPage};

use super::shares::{BASE, shared_shell, signed_picture};
use super::{ATTACK, WORDS, frame, render, shell};

fn wall_frame(key: &str, text: &str, language: &str) -> WallFrame {
    WallFrame {
        key: key.to_owned(),
        code: "/s/the-lamp-had-burned-for/qr.svg".to_owned(),
        part: frame(text, language),
        is_new: true,
        is_kept: false,
    }
}

fn wall(frames: Vec<WallFrame>) -> WallPage {
    WallPage {
        shell: shell(),
        name: "museum".to_owned(),
        frames,
        events: "/wall/museum/events".to_owned(),
        worker: "/wall/sw.js".to_owned(),
        ..WallPage::default()
    }
}

pub(super) fn all() -> Vec<(&'static str, String)> {
    let arabic = "كان المصباح مضاءً منذ مئة عام.";
    let mut bare = wall_frame("3", &"word ".repeat(400), "en");
    bare.part.picture = None;
    bare.code = String::new();
    let kept = WallFrame { is_new: false, is_kept: true, ..wall_frame("2", arabic, "ar") };
    let mut proxied = wall(vec![wall_frame("1", WORDS, "en")]);
    "/stories".clone_into(&mut proxied.shell.root);
    let dark = WallPage {
        is_dark: true,
        changes_in_seconds: Some(3600),
        worker: String::new(),
        ..wall(vec![wall_frame("1", WORDS, "en")])
    };
    let asked = WallPage { is_identified: true, ..dark.clone() };
    let shared = |frames| WallPage {
        shell: shared_shell(),
        name: String::new(),
        events: format!("{BASE}/events"),
        worker: String::new(),
        ..wall(frames)
    };
    let mut signed = WallFrame { code: String::new(), ..wall_frame("1", WORDS, "en") };
    signed.part.picture = Some(signed_picture());
    vec![
        ("shared_wall", render(&shared(vec![signed]))),
        ("shared_wall_empty", render(&shared(Vec::new()))),
        ("wall_empty", render(&wall(Vec::new()))),
        ("wall_many", render(&wall(vec![wall_frame("1", WORDS, "en"), bare, kept]))),
        ("wall_dark", render(&dark)),
        ("wall_identified", render(&asked)),
        ("wall_below_a_proxy", render(&proxied)),
    ]
}

pub(super) fn hostile() -> String {
    let mut wall = wall(vec![wall_frame(ATTACK, ATTACK, "en")]);
    ATTACK.clone_into(&mut wall.name);
    render(&wall)
}
