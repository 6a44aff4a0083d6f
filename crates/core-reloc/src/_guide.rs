#![doc = include_str!("../guide/links.txt")]
#![doc = include_str!("../guide/README.md")]
// The chapters also read well as files: each ends with link definitions to the other files. Those of
// `links.txt` lead to modules and come first, and Markdown takes the first definition of a label.
//
// Doctests of chapters about whole objects need the feature `elf`, and one chapter needs `owned`.

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/ten-minutes.md")]
pub mod ten_minutes {}

#[doc = include_str!("../guide/links.txt")]
#[cfg_attr(any(feature = "elf", not(doctest)), doc = include_str!("../guide/first-program.md"))]
pub mod first_program {}

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/will-it-load.md")]
pub mod will_it_load {}

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/in-ci.md")]
pub mod in_ci {}

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/fleet.md")]
pub mod fleet {}

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/reading-btf.md")]
pub mod reading_btf {}

#[doc = include_str!("../guide/links.txt")]
#[cfg_attr(feature = "elf", doc = "[`elf`]: crate::elf\n")]
#[cfg_attr(
    any(feature = "elf", not(doctest)),
    doc = include_str!("../guide/relocating-an-object.md")
)]
pub mod relocating_an_object {}

#[doc = include_str!("../guide/links.txt")]
#[cfg_attr(any(feature = "elf", not(doctest)), doc = include_str!("../guide/writing-a-loader.md"))]
pub mod writing_a_loader {}

#[doc = include_str!("../guide/links.txt")]
#[cfg_attr(
    any(feature = "owned", not(doctest)),
    doc = include_str!("../guide/loader-questions.md")
)]
pub mod loader_questions {}

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/shipping-types.md")]
pub mod shipping_types {}

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/generating-code.md")]
pub mod generating_code {}

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/testing.md")]
pub mod testing {}

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/troubleshooting/README.md")]
pub mod troubleshooting {
    #[doc = include_str!("../guide/links.txt")]
    #[doc = include_str!("../guide/troubleshooting/poisoned-instruction.md")]
    pub mod poisoned_instruction {}

    #[doc = include_str!("../guide/links.txt")]
    #[doc = include_str!("../guide/troubleshooting/renamed-field.md")]
    pub mod renamed_field {}

    #[doc = include_str!("../guide/links.txt")]
    #[doc = include_str!("../guide/troubleshooting/nested-struct.md")]
    pub mod nested_struct {}

    #[doc = include_str!("../guide/links.txt")]
    #[doc = include_str!("../guide/troubleshooting/became-bitfield.md")]
    pub mod became_bitfield {}

    #[doc = include_str!("../guide/links.txt")]
    #[doc = include_str!("../guide/troubleshooting/module-type.md")]
    pub mod module_type {}

    #[doc = include_str!("../guide/links.txt")]
    #[doc = include_str!("../guide/troubleshooting/ambiguous.md")]
    pub mod ambiguous {}

    #[doc = include_str!("../guide/links.txt")]
    #[cfg_attr(
        any(feature = "elf", not(doctest)),
        doc = include_str!("../guide/troubleshooting/no-kernel-btf.md")
    )]
    pub mod no_kernel_btf {}

    #[doc = include_str!("../guide/links.txt")]
    #[doc = include_str!("../guide/troubleshooting/before-shipping.md")]
    pub mod before_shipping {}
}

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/inside.md")]
pub mod inside {}

#[doc = include_str!("../guide/links.txt")]
#[doc = include_str!("../guide/differences.md")]
pub mod differences {}
