//! Stories of up to 300 frames stay coherent and do not repeat themselves.

use std::collections::{HashMap, HashSet};

use super::super::english::{sentences, words};
use super::{context, faults, measured, recognised, tell};
use crate::domain::Season;
use crate::inference::offline::composer::{ComposedFrame, compose};

/// Returns the sentences that are repeated within thirty frames.
fn repeats(frames: &[ComposedFrame]) -> Vec<String> {
    let mut last: HashMap<Vec<String>, usize> = HashMap::new();
    let mut found = Vec::new();
    for (number, frame) in frames.iter().enumerate() {
        for sentence in sentences(&frame.text) {
            if let Some(before) = last.insert(words(sentence), number)
                && number - before <= 30
            {
                found.push(format!("{before} and {number}: {sentence}"));
            }
        }
    }
    found
}

#[test]
fn the_same_brief_gives_the_same_tale() {
    let mut context = context(7);
    context.seen = Some(measured());
    assert_eq!(compose(&context), compose(&context));
}

#[test]
fn another_seed_gives_another_story() {
    let casts: HashSet<_> = (0..40).map(|seed| compose(&context(seed)).cast).collect();
    let texts: HashSet<_> = (0..40).map(|seed| compose(&context(seed)).text).collect();
    assert_eq!((casts.len(), texts.len()), (40, 40));
}

#[test]
fn three_hundred_frames_never_repeat_a_sentence_within_thirty() {
    for seed in 0..5 {
        for seen in [None, Some(measured()), Some(recognised())] {
            let frames = tell(seed, 300, |context| context.seen.clone_from(&seen));
            let repeats = repeats(&frames);
            assert!(repeats.is_empty(), "seed {seed}: {repeats:#?}");
        }
    }
}

#[test]
fn every_frame_is_sound_english() {
    for seed in 0..6 {
        let frames = tell(seed, 300, |context| {
            context.seen =
                Some(if context.frame_number % 2 == 0 { measured() } else { recognised() });
            context.hour = context.frame_number % 24;
        });
        let faults: Vec<_> = frames.iter().flat_map(|frame| faults(&frame.text)).collect();
        assert!(faults.is_empty(), "seed {seed}: {faults:#?}");
    }
}

#[test]
fn frames_without_a_limit_are_paragraphs() {
    let frames = tell(3, 200, |context| context.seen = Some(measured()));
    let lengths: Vec<_> = frames.iter().map(|frame| frame.text.chars().count()).collect();
    let mean = lengths.iter().sum::<usize>() / lengths.len();
    assert!((220..=450).contains(&mean), "{mean}");
    assert!(lengths.iter().all(|length| (110..=470).contains(length)), "{lengths:?}");
    assert!(frames.iter().all(|frame| sentences(&frame.text).len() >= 2));
}

#[test]
fn the_cast_stays() {
    for seed in 0..5 {
        let frames = tell(seed, 200, |_| {});
        let names = |frame: &ComposedFrame| -> Vec<String> {
            frame.cast.iter().filter_map(|who| who.split(',').next().map(str::to_owned)).collect()
        };
        let cast = names(&frames[0]);
        assert_eq!(cast.len(), 4);
        assert!(frames.iter().all(|frame| names(frame) == cast));
        let firsts: Vec<_> = cast.iter().filter_map(|name| name.split(' ').next()).collect();
        let telling =
            frames.iter().filter(|frame| firsts.iter().any(|name| frame.text.contains(name)));
        assert!(telling.count() * 10 >= frames.len() * 6);
    }
}

#[test]
fn every_frame_with_a_sight_names_something_in_it() {
    let names = ["burnt orange", "slate grey", "ivory", "bright edge along the top"];
    for seed in 0..5 {
        for frame in tell(seed, 200, |context| context.seen = Some(measured())) {
            let text = frame.text.to_lowercase();
            assert!(names.iter().any(|name| text.contains(name)), "{text}");
        }
        let names = ["a lighthouse", "two people", "a dog on a leash"];
        for frame in tell(seed, 200, |context| context.seen = Some(recognised())) {
            let text = frame.text.to_lowercase();
            assert!(names.iter().any(|name| text.contains(name)), "{text}");
        }
    }
}

#[test]
fn words_sent_and_heard_are_told() {
    for seed in 0..10 {
        let frames = tell(seed, 40, |context| {
            context.said = Some("The “kettle” is\n on!".to_owned());
            context.heard = Some("where did you put the ladder?".to_owned());
            context.seen = Some(measured());
        });
        for frame in frames {
            let text = frame.text.to_lowercase();
            assert!(
                text.contains("the kettle is on") && text.contains("where did you put"),
                "{text}"
            );
            assert_eq!(faults(&frame.text), Vec::<String>::new());
        }
    }
}

#[test]
fn a_wish_for_a_style_sets_the_genre() {
    let mut context = context(1);
    for (style, genre) in [("as a fairy tale", "fairy tale"), ("Film noir, please", "comic noir")] {
        context.style = Some(style.to_owned());
        assert_eq!(compose(&context).genre, genre);
    }
}

#[test]
fn threads_follow_one_another() {
    let frames = tell(2, 300, |_| {});
    let threads: HashSet<_> =
        frames.iter().map(|frame| frame.memory["plot"]["key"].to_string()).collect();
    assert!(threads.len() >= 7, "{threads:?}");
}

/// Everything varies at once.
#[test]
fn stories_through_hours_seasons_and_styles_are_sound() {
    for seed in 100..108 {
        let frames = tell(seed, 60, |context| {
            context.hour = context.frame_number % 24;
            context.season = [Season::Spring, Season::Summer, Season::Autumn, Season::Winter]
                [(context.frame_number as usize / 9) % 4];
            context.seen = (context.frame_number % 3 > 0).then(measured);
            context.place = Some("Linz".to_owned());
            context.style = (seed % 7 == 0).then(|| "haiku, melancholy".to_owned());
        });
        let faults: Vec<_> = frames.iter().flat_map(|frame| faults(&frame.text)).collect();
        assert!(faults.is_empty(), "seed {seed}: {faults:#?}");
        assert_eq!(repeats(&frames), Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn what_the_listener_likes_comes_up_now_and_then() {
    let tell_with = |likes: &[&str]| {
        let mut context = context(11);
        context.seen = Some(recognised());
        context.known.likes = likes.iter().map(|like| (*like).to_owned()).collect();
        let mut texts = Vec::new();
        for number in 0..12 {
            context.frame_number = number;
            let frame = compose(&context);
            context.prior.push(frame.text.clone());
            context.memory = frame.memory;
            texts.push(frame.text);
        }
        texts
    };
    let (lovers, others) = (tell_with(&["zeppelin"]), tell_with(&[]));
    let count = |texts: &[String]| texts.iter().filter(|text| text.contains("a zeppelin")).count();
    assert!((1..=8).contains(&count(&lovers)), "{lovers:#?}");
    assert_eq!(count(&others), 0);
    assert!(lovers.iter().zip(&others).filter(|(a, b)| a != b).count() > 8);
}
