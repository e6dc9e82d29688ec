//! Reasoning in every spelling, channels and turns.

use proptest::prelude::*;

use super::*;

const THOUGHT: &str = "Okay, the user wants a story. I keep it short.";
const STORY: &str = "Once upon a time [in a garden] a fox thought: \"A < B & C.\"";

fn check(text: &str) {
    assert_eq!(strip_all(text), STORY, "{text}");
    assert!(!strip(text).is_unfinished, "{text}");
}

#[test]
fn reasoning_is_left_out_in_every_spelling() {
    let names = [
        "<think> </think>",
        "<THINK> </THINK>",
        "<thinking> </thinking>",
        "<thought> </thought>",
        "<reasoning> </reasoning>",
        "<seed:think> </seed:think>",
        "<inner_monologue> </inner_monologue>",
        "<antThinking> </antThinking>",
        "<my-thoughts> </my-thoughts>",
        "<think type=\"deep\"> </think>",
        "<思考> </思考>",
        "【思考】 【/思考】",
        "＜think＞ ＜/think＞",
        "<think_start> <think_end>",
        "[THINK] [/THINK]",
        "◁think▷ ◁/think▷",
        "&lt;think&gt; &lt;/think&gt;",
        "<|think|> <|/think|>",
        "<|begin_of_thought|> <|end_of_thought|>",
        "<|START_THINKING|> <|END_THINKING|>",
        "<unused94> <unused95>",
        "<|channel>thought <channel|>",
    ];
    for pair in names {
        let (open, close) = pair.rsplit_once(' ').expect("two marks");
        check(&format!("{open}{THOUGHT}{close}{STORY}"));
        check(&format!("{open}\n{THOUGHT}\n{close}\n\n{STORY}"));
        check(&format!("Sure.{open}{THOUGHT}{close}\n\n{STORY}"));
        check(&format!("{open}a{close}{open}b{close}{STORY}"));
        check(&format!("{open}a{open}b{close}c{close}{STORY}"));
        check(&format!("{STORY}{open}{THOUGHT}{close}"));
        check(&format!("{THOUGHT}\n\nI write it now.\n{close}\n\n{STORY}"));
    }
    check(&format!(
        "<details type=\"reasoning\" done=\"true\">\n<summary>Thought</summary>\n{THOUGHT}\n</details>\n{STORY}"
    ));
    check(&format!("**Thinking Process:**\n\n1. {THOUGHT}\n\n**Final Answer:**\n\n{STORY}"));
    check(&format!("<think/>{STORY}"));
    check(&format!("```thinking\n{THOUGHT}\n```\n{STORY}"));
    check(&format!("Thinking...\n{THOUGHT}\n...done thinking.\n\n{STORY}"));
}

#[test]
fn the_answer_is_taken_out_of_its_own_marks() {
    check(&format!("<think>{THOUGHT}<answer>draft</answer></think><answer>{STORY}</answer>"));
    check(&format!("{THOUGHT}\n<answer>{STORY}</answer> I hope you like it."));
    check(&format!("<think>{THOUGHT}\n<answer>{STORY}</answer>"));
    check(&format!(
        "<|begin_of_thought|>{THOUGHT}<|end_of_thought|><|begin_of_solution|>{STORY}<|end_of_solution|>"
    ));
    check(&format!(
        "<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>{STORY}<|END_RESPONSE|>"
    ));
}

#[test]
fn channels_and_turns_are_left_out() {
    check(&format!(
        "<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{STORY}<|return|>"
    ));
    check(&format!(
        "<|start|>assistant<|channel|>commentary<|message|>a<|end|><|channel|>final <|constrain|>json<|message|>{STORY}"
    ));
    check(&format!("analysis{THOUGHT}assistantfinal{STORY}"));
    for end in [
        "<|im_end|>",
        "<|eot_id|>",
        "</s>",
        "<end_of_turn>",
        "<｜end▁of▁sentence｜>",
        "<|endoftext|>",
        "[EOS]",
    ] {
        check(&format!("{STORY}{end}"));
        check(&format!("{STORY}{end}\n<|im_start|>user\nMore!"));
    }
    check(&format!("<|im_start|>assistant\n{STORY}<|im_end|>"));
    check(&format!("<|start_header_id|>assistant<|end_header_id|>\n\n{STORY}"));
    check(&format!("<start_of_turn>model\n{STORY}<end_of_turn>"));
    check(&format!("[gMASK]<sop>{STORY}"));
}

#[test]
fn reasoning_that_does_not_end_is_no_answer() {
    for text in [
        "<think>Hmm",
        "[THINK]Hmm",
        "<|channel|>analysis<|message|>Hmm",
        "<think>",
        "a</think><think>Hmm",
    ] {
        assert_eq!(strip(text), Answer { text: "", is_unfinished: true }, "{text}");
    }
    assert_eq!(strip("Hmm.</think>"), Answer { text: "", is_unfinished: false });
}

#[test]
fn a_story_keeps_its_words() {
    for text in [
        "He wrote <3 & [sic] on it.",
        "\"I think,\" said the <b>fox</b>, \"therefore [thought] I am.\"",
        r#"{"text": "a", "cast": ["end", "user"], "n": [1]}"#,
        "",
    ] {
        assert_eq!(strip_all(text), text);
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(parts in proptest::collection::vec("(<think>|</think>|<\\|channel\\|>|final|<answer>|</s>|.{0,4})", 0..12)) {
        let text = parts.concat();
        let _ = strip_all(&text);
    }
}
