//! Tests of what cleaning removes and what it keeps.

use proptest::prelude::*;

use super::*;

fn cleaned(text: &str) -> Result<String, String> {
    clean(text, &TextRules { max_chars: 700, min_words: 4, ..TextRules::default() })
}

#[test]
fn what_stands_around_a_story_goes() {
    let cases = [
        ("Sure! Here is the next passage:\n\nThe fox ran to the sea.", "The fox ran to the sea."),
        ("**Passage 3:** The fox ran to the sea.", "The fox ran to the sea."),
        ("\"The fox ran to the sea.\"", "The fox ran to the sea."),
        ("```\nthe fox ran to the sea.\n```", "The fox ran to the sea."),
        ("The fox ran to the sea. Then it", "The fox ran to the sea."),
        ("The fox ran to the sea", "The fox ran to the sea."),
        (
            "The fox ran to the sea. The fox ran to the sea! Dr. Ada J. Lee followed.",
            "The fox ran to the sea. Dr. Ada J. Lee followed.",
        ),
        ("The fox said, \"Come to the sea.", "The fox said, \"Come to the sea.\""),
        ("The fox ran\" to the sea.", "The fox ran to the sea."),
        ("狐は海へ走った。そして", "狐は海へ走った。"),
    ];
    for (text, kept) in cases {
        assert_eq!(cleaned(text), Ok(kept.to_owned()), "{text}");
    }
    for nothing in ["", "  \n", "```\n```", "Sure!", "Yes.", "Here is the story:"] {
        assert!(cleaned(nothing).is_err(), "{nothing}");
    }
}

#[test]
fn echoes_of_the_prompt_and_of_the_story_go() {
    let prior = ["The fox ran to the sea. It was cold.".to_owned()];
    let prompt = "Write the next passage in two whole sentences. It is spring.";
    let rules = TextRules { prior: &prior, prompt, max_chars: 700, ..TextRules::default() };
    let text = "Write the next passage in two whole sentences. The fox ran to the sea, it was. A boat lay there.";
    assert_eq!(clean(text, &rules), Ok("A boat lay there.".to_owned()));
    let all = clean("The fox ran to the sea. It was cold.", &rules);
    assert_eq!(all, Err("it repeats what was there".to_owned()));
}

#[test]
fn instructions_in_other_words_go_and_what_was_seen_stays() {
    let instructions = "If the story needs a push: \nThe camera sees: \nLet one thing change, repeat nothing.\nLet something of it into the passage.";
    let prompt = "If the story needs a push: a stranger asks the way.\nThe camera sees: a red boat on a beach.";
    let rules = TextRules { instructions, prompt, max_chars: 700, ..TextRules::default() };
    for (text, kept) in [
        (
            "The story needs a push to go on. A red boat on a beach was all she had. It was cold. It was late.",
            Some("A red boat on a beach was all she had. It was cold. It was late."),
        ),
        ("So we let one thing change! A stranger asks the way to the sea.", None),
        ("If the story needs a push: a stranger asks the way.", None),
        ("Let something into the passage. The boat went out again, and came home.", None),
    ] {
        assert_eq!(clean(text, &rules).ok().as_deref(), kept, "{text}");
    }
}

#[test]
fn talk_about_the_story_goes_and_talk_in_it_stays() {
    let story = "Anna closed the gate. \"I know your story,\" said the goose. The old story of the well came to her mind.";
    assert_eq!(cleaned(story), Ok(story.to_owned()));
    for talk in [
        "In that moment, I chose to use a few words for this picture.",
        "This is a great example of how creative you can be in storytelling.",
        "Here's another version that seems more creative!",
        "That is just one possible way to begin a story.",
        "This next paragraph describes what happens to someone.",
        "The story continues with a scene where someone sees two people.",
        "A story from that can be found online: there is something happening.",
        "The story concludes with an image of a dramatic scene, this is it.",
    ] {
        assert_eq!(
            cleaned(&format!("Anna closed the gate behind her. {talk}")),
            Ok("Anna closed the gate behind her.".to_owned())
        );
    }
}

#[test]
fn a_text_is_as_long_as_asked() {
    let rules = |max_chars| TextRules { max_chars, ..TextRules::default() };
    let text = "The fox ran to the sea. A boat lay there in the mist.";
    assert_eq!(clean(text, &rules(40)), Ok("The fox ran to the sea.".to_owned()));
    assert_eq!(clean(text, &rules(20)), Ok("The fox ran to the…".to_owned()));
    assert!(clean(text, &rules(5)).is_err());
}

proptest! {
    #[test]
    fn nothing_breaks_it(text in any::<String>(), max_chars in 1_usize..200) {
        if let Ok(kept) = clean(&text, &TextRules { max_chars, ..TextRules::default() }) {
            // Closing quotes adds at most one character of each kind, and an upper-case letter may be two characters.
            prop_assert!(kept.chars().count() <= max_chars + 6);
        }
        let _ = clean_picture_prompt(&text);
    }
}

#[test]
fn a_text_without_an_end_is_cut_before_it_is_cleaned() {
    let text = "One more fox ran over the hill. ".repeat(400_000);
    let cleaned = cleaned(&text).expect("a text");
    assert_eq!(cleaned, "One more fox ran over the hill.");
}
