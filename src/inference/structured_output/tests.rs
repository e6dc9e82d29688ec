//! Objects in the texts of models, and their conversion to a schema.

use proptest::prelude::*;

use super::*;

/// The schema of the objects in these tests.
fn schema() -> Value {
    json!({"properties": {"text": {"type": "string"}, "cast": {"type": "array"}, "summary": {"type": "string"}}})
}

fn extract_object(text: &str) -> Option<Value> {
    find_object(text, &schema())
}

#[test]
fn an_object_is_found_in_whatever_a_model_puts_around_it() {
    let cases = [
        (r#"{"text": "a"}"#, json!({"text": "a"})),
        (
            "Sure! ```json\n{\"text\": \"a } b\", \"n\": [1]}\n``` Enjoy {this}.",
            json!({"text": "a } b", "n": [1]}),
        ),
        (r#"{"text": "it broke o"#, json!({"text": "it broke…"})),
        (r#"{"text": "It ran. It broke o"#, json!({"text": "It ran."})),
        (r#"{"text": "a", "cast": ["x", "y"#, json!({"text": "a", "cast": ["x", "y"]})),
        (r#"{"text": "a", "ca"#, json!({"text": "a"})),
        (r#"{"text": "a", "cast":"#, json!({"text": "a"})),
        (r#"{"text": "she said \"no\"", "#, json!({"text": "she said \"no\""})),
        ("Dear {name}, {x: y} here: {\"text\": \"a\"}", json!({"text": "a"})),
        (r#"{"thinking": "hm"} {"text": "a"} {"note": "b"}"#, json!({"text": "a"})),
        (r#"{"text": "a draft"} Better: {"text": "a"}"#, json!({"text": "a"})),
        (r#"{"answer": {"text": "a", "cast": []}}"#, json!({"text": "a", "cast": []})),
        (r#"{"result": {"data": [{"text": "a"}]}}"#, json!({"text": "a"})),
        (r#"[{"text": "a"}]"#, json!({"text": "a"})),
        (r#"{"response": "{\"text\": \"a\"}"}"#, json!({"text": "a"})),
        (
            r#"{"type": "object", "properties": {"text": {"type": "string"}}} {"text": "a"}"#,
            json!({"text": "a"}),
        ),
    ];
    for (text, object) in cases {
        assert_eq!(extract_object(text), Some(object), "{text}");
    }
    assert_eq!(extract_object("There was a fox."), None);
    assert_eq!(extract_object("{fox}"), None);
}

#[test]
fn what_is_almost_json_is_read() {
    let whole = json!({"text": "She said \"no\", and left.\nIt's late.", "cast": ["Ada", "Bo"], "summary": null});
    let cases = [
        r#"{"text": "She said \"no\", and left.\nIt's late.", "cast": ["Ada", "Bo",], "summary": null,}"#,
        "{\"text\": \"She said \\\"no\\\", and left.\nIt's late.\", \"cast\": [\"Ada\", \"Bo\"], \"summary\": null}",
        "{'text': 'She said \"no\", and left.\\nIt\\'s late.', 'cast': ['Ada', 'Bo'], 'summary': None}",
        "{'text': 'She said \"no\", and left.\\nIt's late.', 'cast': ['Ada', 'Bo'], 'summary': None}",
        r#"{"text": "She said "no", and left.\nIt's late.", "cast": ["Ada", "Bo"], "summary": null}"#,
        "{text: \"She said \\\"no\\\", and left.\\nIt's late.\", cast: [\"Ada\", \"Bo\"], summary: undefined}",
        "{// the story\n\"text\": \"She said \\\"no\\\", and left.\\nIt's late.\", /* who */ \"cast\": [\"Ada\", # x\n\"Bo\"], \"summary\": null}",
        r#"{{"text": "She said \"no\", and left.\nIt's late.", "cast": ["Ada", "Bo"], "summary": null}}"#,
        "{\"text\": \"She said \\\"no\\\", and left.\\nIt's late.\"\n\"cast\": [\"Ada\", \"Bo\"]\n\"summary\": null}",
        "{“text”: “She said \\\"no\\\", and left.\\nIt's late.”, “cast”: [“Ada”, “Bo”], “summary”: null}",
        r#"{"text": "She said \"no\", and left.\nIt\'s late.", "cast": ["Ada", "Bo"], "summary": null}"#,
    ];
    for text in cases {
        assert_eq!(extract_object(text), Some(whole.clone()), "{text}");
    }
    let nested =
        r#"{{"text": "a", "cast": [{{"name": "Ada"}}], "n": [True, 1.5, -2, {"x": False}]}}"#;
    assert_eq!(
        extract_object(nested),
        Some(json!({"text": "a", "cast": [{"name": "Ada"}], "n": [true, 1.5, -2, {"x": false}]}))
    );
    let surrogates = r#"{"text": "\ud83e\udd8a \u00e9 \ud83e", }"#;
    assert_eq!(extract_object(surrogates), Some(json!({"text": "🦊 é \u{fffd}"})));
}

#[test]
fn a_text_full_of_braces_costs_little() {
    for text in [
        "{".repeat(1 << 20),
        "{\"".repeat(1 << 20),
        "{\"a\":".repeat(1 << 18),
        "{\"a\":[".repeat(1 << 18),
    ] {
        let _ = extract_object(&text);
    }
}

#[test]
fn a_value_takes_the_shape_that_was_asked_for() {
    let schema = json!({"properties": {"text": {"type": "string"}, "cast": {"type": "array"}}});
    let given = json!({"text": ["One.", "Two."], "cast": "a fox", "more": 1});
    let shaped = coerce_to_schema(&given, &schema).expect("shaped");
    assert_eq!(shaped, json!({"text": "One.; Two.", "cast": ["a fox"]}));
    let given = json!({"cast": [{"name": "Ada", "age": 9}, null, "a fox"]});
    let shaped = coerce_to_schema(&given, &schema).expect("shaped");
    assert_eq!(shaped, json!({"text": "", "cast": ["age: 9, name: Ada", "a fox"]}));
    let shaped = coerce_to_schema(&json!({"Text": "<think>hm</think>One."}), &schema);
    assert_eq!(shaped.expect("shaped"), json!({"text": "One.", "cast": []}));
    for wrong in [json!("text"), json!({"other": 1})] {
        assert!(coerce_to_schema(&wrong, &schema).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn an_object_cut_anywhere_keeps_what_was_whole(cut in 0_usize..80) {
        let complete = r#"{"text": "The \"ö\" {sea} rose.", "cast": ["a, b", "c"], "summary": "s"}"#;
        let cut = (0..=cut.min(complete.len())).rev().find(|at| complete.is_char_boundary(*at)).unwrap_or(0);
        if let Some(read) = extract_object(&complete[..cut]) {
            prop_assert!(read.is_object());
        }
        if cut > 40 {
            let read = extract_object(&complete[..cut]);
            prop_assert_eq!(&read.expect("an object")["text"], "The \"ö\" {sea} rose.");
        }
    }

    #[test]
    fn nothing_makes_it_panic(text in any::<String>()) {
        let _ = extract_object(&text);
        let _ = extract_object(&format!("{{{text}"));
    }
}
