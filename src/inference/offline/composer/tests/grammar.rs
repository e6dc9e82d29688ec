//! Tests that the grammar files are complete and well formed.

use std::collections::HashSet;

use super::super::grammar::Grammar;
use super::super::stage::Stage;
use super::super::template::{Piece, Slot};

#[test]
fn every_line_can_be_read() {
    assert_eq!(Grammar::shared().faults, Vec::<String>::new());
}

#[test]
fn every_word_slot_has_its_words() {
    let grammar = Grammar::shared();
    for (section, line) in grammar.all() {
        for piece in line.templates.iter().flat_map(|template| &template.pieces) {
            if let Piece::Slot(Slot::Word(name)) = piece {
                assert!(
                    !grammar.lines(&format!("word.{name}")).is_empty(),
                    "[{section}] {{{name}}}"
                );
            }
        }
    }
}

#[test]
fn every_thread_is_whole() {
    let grammar = Grammar::shared();
    let threads = grammar.children("thread");
    assert!(threads.len() >= 8);
    for key in threads {
        for stage in Stage::ALL {
            let lines = grammar.lines(&format!("thread.{key}.{}", stage.name()));
            assert!(lines.len() >= 3, "{key}: {}", stage.name());
            assert!(lines.iter().all(|line| line.fields.len() == 2), "{key}: {}", stage.name());
        }
        for property in ["title", "question", "paint", "conflict"] {
            assert!(grammar.property(&format!("thread.{key}"), property).is_some(), "{key}");
        }
        assert!(!grammar.properties(&format!("thread.{key}"), "prop").is_empty(), "{key}");
    }
}

#[test]
fn every_setting_is_whole() {
    let grammar = Grammar::shared();
    for key in grammar.children("setting") {
        let spots = grammar.lines(&format!("setting.{key}.spots"));
        assert_eq!(spots.len(), 5, "{key}");
        assert!(grammar.lines(&format!("setting.{key}.roles")).len() >= 4, "{key}");
        for spot in spots {
            assert_eq!(spot.fields.len(), 4, "{key}");
            assert!(grammar.lines(&format!("spot.{key}.{}", spot.fields[0])).len() >= 3, "{key}");
        }
    }
}

#[test]
fn every_animal_and_habit_has_lines() {
    let grammar = Grammar::shared();
    for line in grammar.lines("creatures") {
        assert!(!grammar.lines(&format!("creature.{}", line.fields[0])).is_empty());
    }
    for key in grammar.children("quirk") {
        assert!(!grammar.lines(&format!("quirk.{key}.lines")).is_empty(), "{key}");
    }
}

#[test]
fn there_is_enough_of_everything() {
    let grammar = Grammar::shared();
    assert!(grammar.lines("names").len() >= 80);
    assert!(grammar.children("tone").len() >= 6 && grammar.children("conceit").len() >= 6);
    let weaving =
        ["weave.hue", "weave.huetwo", "weave.thing"].map(|name| grammar.lines(name).len());
    assert!(weaving.iter().sum::<usize>() >= 40);
}

#[test]
fn no_line_stands_twice() {
    let mut met = HashSet::new();
    for (section, line) in Grammar::shared().all().filter(|(_, line)| line.fields[0].ends_with('.'))
    {
        assert!(
            met.insert(line.fields[0]) || section.ends_with("roles"),
            "[{section}] {}",
            line.fields[0]
        );
    }
}

/// Sentences get typographic quotes when they are parsed. Words and facts do not, so they must not contain straight
/// quotes.
#[test]
fn words_and_facts_hold_no_straight_quotes() {
    let raw = ["word.", "light.", "weather.", "when.", "setting.", "link"];
    for (section, line) in Grammar::shared().all() {
        let property = line.fields[0].contains(" = ");
        if property || raw.iter().any(|prefix| section.starts_with(prefix)) {
            assert!(
                line.fields.iter().all(|text| !text.contains(['\'', '"'])),
                "[{section}] {:?}",
                line.fields
            );
        }
    }
}
