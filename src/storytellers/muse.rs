//! An idea (a spark) for each frame, so that long stories do not run dry. The same frame of the same story always gets
//! the same spark.

use crate::inference::FrameContext;

const SPARKS: [&str; 40] = [
    "someone keeps a promise at a bad moment",
    "a small thing turns out to be borrowed",
    "a door that was always locked is open",
    "someone says the opposite of what they mean",
    "the weather decides for them",
    "an animal knows the way",
    "a letter comes late",
    "someone laughs where nobody should",
    "a smell brings back a year",
    "two people want the same chair",
    "a mistake is better than the plan",
    "somebody counts and is one short",
    "a stranger knows the name",
    "the light changes everything for a minute",
    "something is repaired with the wrong tool",
    "a rule is broken kindly",
    "someone listens at last",
    "the map is wrong in one place",
    "an old song is hummed by the wrong person",
    "something is given back",
    "a shortcut is none",
    "someone is mistaken for another",
    "a silence is understood",
    "the smallest one decides",
    "a game becomes serious",
    "food is shared with an enemy",
    "something floats that should sink",
    "a clock is right twice",
    "someone lies to be polite",
    "the way back is another way",
    "a colour is seen for the first time",
    "a secret is told to an animal",
    "what was lost was never missed",
    "a guest stays too long",
    "someone is brave and nobody sees it",
    "a name is given to a thing",
    "the wind brings a sound from far off",
    "a wish is granted in part",
    "an apology is made without words",
    "somebody waits in the wrong place",
];

/// Returns the spark of a frame. A story gets every spark once before one repeats.
pub(super) fn spark(context: &FrameContext) -> &'static str {
    // A step that shares no factor with the length of the list visits every entry before it repeats one. The length is
    // 40, so the step is made odd and not divisible by 5.
    let step = ((context.seed >> 31) | 1) as usize % SPARKS.len();
    let step = if step.is_multiple_of(5) { step + 2 } else { step };
    let start = context.seed as u32 as usize;
    SPARKS[(start + step * context.frame_number as usize) % SPARKS.len()]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::prompt::sample_frame_context;
    use super::*;

    #[test]
    fn a_story_has_every_spark_before_one_comes_again() {
        for seed in [0, 7, u64::MAX, 0x1234_5678_9abc_def0] {
            let sparks: HashSet<&str> = (0..SPARKS.len() as u32)
                .map(|frame_number| {
                    spark(&FrameContext { seed, frame_number, ..sample_frame_context() })
                })
                .collect();
            assert_eq!(sparks.len(), SPARKS.len(), "{seed}");
        }
    }
}
