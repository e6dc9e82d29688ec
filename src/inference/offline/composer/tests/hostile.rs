//! A frame is told whatever the memory, the state and the input contain.

use serde_json::{Value, json};

use super::super::english::length;
use super::{context, faults, measured, tell};
use crate::domain::ImageAnalysis;
use crate::inference::offline::composer::compose;

fn odd_values() -> Vec<Value> {
    let good = compose(&context(1)).memory;
    let mut bad = vec![
        json!(true),
        json!(-1),
        json!("memory"),
        json!([]),
        json!({}),
        json!({"cast": 3, "settings": {}}),
        json!({"cast": [null, 1, {}, {"name": 5}, "", " , ", "“", {"name": "\u{202e}\n"}]}),
        json!({"cast": ["x".repeat(10_000)], "settings": ["y".repeat(10_000)]}),
        json!({"settings": [[], null]}),
    ];
    for key in ["setting", "tone", "cast", "plot", "told", "traces", "town"] {
        for value in [json!(null), json!("x".repeat(9_000)), json!([1, 2]), json!(1e300)] {
            let mut broken = good.clone();
            broken[key] = value;
            bad.push(broken);
        }
    }
    let mut nameless = good.clone();
    nameless["cast"][0]["name"] = json!("");
    let mut far = good;
    far["spot"] = json!(u64::MAX);
    far["plot"]["prop"] = json!(u64::MAX);
    far["plot"]["left"] = json!(0);
    bad.extend([nameless, far]);
    bad
}

#[test]
fn broken_memory_and_state_give_a_tale() {
    for value in odd_values() {
        let mut context = context(5);
        context.memory = value.clone();
        assert_eq!(faults(&compose(&context).text), Vec::<String>::new(), "{value}");
        context.memory = Value::Null;
        context.state = value.clone();
        assert_eq!(faults(&compose(&context).text), Vec::<String>::new(), "{value}");
    }
}

#[test]
fn odd_input_gives_sound_english() {
    let odd = [
        "",
        " ",
        "…",
        "!!!",
        "\u{0}\u{7}\n\t",
        "{a} {prop}",
        "“unbalanced",
        "日本語のテキスト。",
        "it's 'quoted' \"twice\"",
        "Hello. World? Yes! No.",
        "<b>bold</b> & more",
        "🙂🙂",
        "a | b",
        "Wait... what?",
        "48.2,16.4",
        "-",
        "x",
    ];
    for text in odd {
        let mut context = context(8);
        context.said = Some(text.to_owned());
        context.heard = Some([text; 9].join(" or then "));
        context.place = Some(text.to_owned());
        context.style = Some(text.to_owned());
        context.seen = Some(ImageAnalysis {
            description: text.to_owned(),
            things: vec![text.to_owned(), [text; 9].join(" or then ")],
            features: measured().features,
            ..ImageAnalysis::default()
        });
        for number in 0..12 {
            context.frame_number = number;
            let frame = compose(&context);
            assert_eq!(faults(&frame.text), Vec::<String>::new(), "{text}");
            context.memory = frame.memory;
        }
    }
}

#[test]
fn memory_stays_small_over_a_thousand_frames() {
    let frames = tell(6, 1000, |context| context.seen = Some(measured()));
    let largest = frames.iter().map(|frame| frame.memory.to_string().len()).max().unwrap();
    assert!(largest <= 8 * 1024, "{largest}");
    for frame in frames {
        assert!(length(&frame.summary) <= 600 && frame.past_developments.len() <= 12);
    }
}

#[test]
fn a_story_is_taken_over_with_its_people() {
    let state = json!({
        "cast": ["Mirela, a cartographer who fears her own maps", {"name": "Old Benno", "role": "ferryman"}],
        "settings": ["A lighthouse on a foggy sea coast"],
    });
    let frames = tell(4, 12, |context| {
        context.state = state.clone();
        if context.frame_number == 0 {
            context.prior = vec!["Mirela drew the coast again.".to_owned()];
        }
    });
    let all: String = frames.iter().map(|frame| frame.text.as_str()).collect();
    assert!(all.contains("Mirela") && all.contains("Benno"), "{all}");
    assert!(frames[0].illustration.contains("lighthouse"));
    assert!(frames[0].cast[0].contains("cartographer"));
}

#[test]
fn names_are_found_in_texts_alone() {
    let mut context = context(4);
    context.prior = vec![
        "At noon the fog lifted, and Tamsin saw the boat. Her hands shook.".to_owned(),
        "Nobody had told Tamsin about the lamp, and she lit it.".to_owned(),
    ];
    let frame = compose(&context);
    assert!(frame.text.contains("Tamsin"), "{}", frame.text);
}
