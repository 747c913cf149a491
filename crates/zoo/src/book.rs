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
    chapter_03 "03-tensors.md"
    chapter_04 "04-rules.md"
    chapter_05 "05-the-tape.md"
    chapter_06 "06-higher-orders.md"
    chapter_07 "07-layers.md"
    chapter_08 "08-autoencoders.md"
    chapter_09 "09-penalties.md"
    chapter_10 "10-variational.md"
    chapter_11 "11-beyond.md"
    chapter_12 "12-using-codes.md"
    chapter_13 "13-fast.md"
    tape_page "tape.md"
    solutions "solutions.md"
    questions "questions.md"
    glossary "glossary.md"
    from_pytorch "from-pytorch.md"
    from_jax "from-jax.md"
}
