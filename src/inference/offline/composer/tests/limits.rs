//! Limits of length, down to the smallest screens.

use super::super::english::length;
use super::{context, faults, measured, tell};
use crate::inference::offline::composer::compose;

#[test]
fn no_text_is_longer_than_asked_for() {
    for seed in 0..3 {
        let frames = tell(seed, 6, |context| context.seen = Some(measured()));
        for most in 20..=1000 {
            let mut context = context(seed);
            context.frame_number = 6;
            context.memory = frames[5].memory.clone();
            context.prior = frames.iter().map(|frame| frame.text.clone()).collect();
            context.max_chars = Some(most);
            context.seen = (most % 2 == 0).then(measured);
            context.said =
                (most % 3 == 0).then(|| "We came all the way from the other side".to_owned());
            context.heard = (most % 5 == 0).then(|| "Is anybody there? I thought so.".to_owned());
            let text = compose(&context).text;
            assert!(length(&text) <= most, "{most}: {text}");
            assert_eq!(faults(&text), Vec::<String>::new(), "{most}");
        }
    }
}

#[test]
fn tiny_screens_get_whole_sentences_with_their_colours() {
    for most in [40, 80, 120, 160] {
        for frame in tell(9, 60, |context| {
            context.seen = Some(measured());
            context.max_chars = Some(most);
        }) {
            let text = frame.text.to_lowercase();
            let named = ["burnt orange", "slate grey", "ivory", "bright edge"];
            assert!(named.iter().any(|name| text.contains(name)), "{most}: {text}");
            assert_eq!(faults(&frame.text), Vec::<String>::new());
        }
    }
}

#[test]
fn the_tiniest_limits_give_what_fits() {
    for most in 0..20 {
        let mut context = context(3);
        context.max_chars = Some(most);
        let text = compose(&context).text;
        assert!(length(&text) <= most, "{most}: {text}");
        assert!(most < 2 || text.ends_with('.'), "{most}: {text}");
    }
}

#[test]
fn tiny_stories_do_not_stutter() {
    for most in [60, 100, 140] {
        let frames = tell(5, 120, |context| context.max_chars = Some(most));
        let again = frames.windows(2).filter(|pair| pair[0].text == pair[1].text).count();
        assert_eq!(again, 0, "{most}");
    }
}

#[test]
fn large_screens_get_longer_paragraphs() {
    let frames = tell(5, 60, |context| context.max_chars = Some(1000));
    let mean = frames.iter().map(|frame| length(&frame.text)).sum::<usize>() / frames.len();
    assert!((400..=900).contains(&mean), "{mean}");
}
