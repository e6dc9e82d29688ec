//! Whatever the memory, the state and the input hold, a tale comes out.

use serde_json::{Value, json};

use super::super::english::length;
use super::{brief, faults, measured, tell};
use crate::domain::ImageAnalysis;
use crate::inference::offline::composer::compose;

fn odd_values() -> Vec<Value> {
    let good = compose(&brief(1)).memory;
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
        let mut brief = brief(5);
        brief.memory = value.clone();
        assert_eq!(faults(&compose(&brief).text), Vec::<String>::new(), "{value}");
        brief.memory = Value::Null;
        brief.state = value.clone();
        assert_eq!(faults(&compose(&brief).text), Vec::<String>::new(), "{value}");
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
        let mut brief = brief(8);
        brief.said = Some(text.to_owned());
        brief.heard = Some([text; 9].join(" or then "));
        brief.place = Some(text.to_owned());
        brief.style = Some(text.to_owned());
        brief.seen = Some(ImageAnalysis {
            description: text.to_owned(),
            things: vec![text.to_owned(), [text; 9].join(" or then ")],
            features: measured().features,
            ..ImageAnalysis::default()
        });
        for number in 0..12 {
            brief.frame_number = number;
            let tale = compose(&brief);
            assert_eq!(faults(&tale.text), Vec::<String>::new(), "{text}");
            brief.memory = tale.memory;
        }
    }
}

#[test]
fn memory_stays_small_over_a_thousand_frames() {
    let tales = tell(6, 1000, |brief| brief.seen = Some(measured()));
    let largest = tales.iter().map(|tale| tale.memory.to_string().len()).max().unwrap();
    assert!(largest <= 8 * 1024, "{largest}");
    for tale in tales {
        assert!(length(&tale.summary) <= 600 && tale.past_developments.len() <= 12);
    }
}

#[test]
fn a_story_is_taken_over_with_its_people() {
    let state = json!({
        "cast": ["Mirela, a cartographer who fears her own maps", {"name": "Old Benno", "role": "ferryman"}],
        "settings": ["A lighthouse on a foggy sea coast"],
    });
    let tales = tell(4, 12, |brief| {
        brief.state = state.clone();
        if brief.frame_number == 0 {
            brief.prior = vec!["Mirela drew the coast again.".to_owned()];
        }
    });
    let all: String = tales.iter().map(|tale| tale.text.as_str()).collect();
    assert!(all.contains("Mirela") && all.contains("Benno"), "{all}");
    assert!(tales[0].illustration.contains("lighthouse"));
    assert!(tales[0].cast[0].contains("cartographer"));
}

#[test]
fn names_are_found_in_texts_alone() {
    let mut brief = brief(4);
    brief.prior = vec![
        "At noon the fog lifted, and Tamsin saw the boat. Her hands shook.".to_owned(),
        "Nobody had told Tamsin about the lamp, and she lit it.".to_owned(),
    ];
    let tale = compose(&brief);
    assert!(tale.text.contains("Tamsin"), "{}", tale.text);
}
