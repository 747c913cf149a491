//! The book in `docs/`: every Rust listing of a chapter is a test of this module.

macro_rules! chapters {
    ($($name:ident $file:literal)+) => {
        $(
            #[doc = include_str!(concat!("../../../docs/src/", $file))]
            mod $name {}
        )+
    };
}

chapters! {
    introduction "introduction.md"
    chapter_01 "01-by-hand.md"
    chapter_02 "02-scalar-tape.md"
    chapter_03 "03-a-network.md"
    chapter_04 "04-tensors.md"
    chapter_05 "05-rules.md"
    chapter_06 "06-the-tape.md"
    chapter_07 "07-higher-orders.md"
    chapter_08 "08-layers.md"
    chapter_09 "09-autoencoders.md"
    chapter_10 "10-penalties.md"
    chapter_11 "11-variational.md"
    chapter_12 "12-beyond.md"
    chapter_13 "13-using-codes.md"
    chapter_14 "14-fast.md"
    museum "museum.md"
    tape_page "tape.md"
    appendix "appendix.md"
    twenty_questions "twenty-questions.md"
    steps "steps.md"
    teaching "teaching.md"
    rules "rules.md"
    solutions "solutions.md"
    mistakes "mistakes.md"
    questions "questions.md"
    glossary "glossary.md"
    from_pytorch "from-pytorch.md"
    from_jax "from-jax.md"
}
