//! What is around the types of a header, and the functions.

use super::{
    Difference,
    names::name_of,
    order::Need,
    types::Node,
    words::identifier,
    writer::{Context, Writer},
};

/// Starts a header.
pub(super) fn start(out: &mut String) {
    out.push_str(
        "\
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifdef __clang__
#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif
/* As in the kernel, structs with a flexible array are members of others. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored \"-Wgnu-variable-sized-type-not-at-end\"
#endif

#ifndef __ksym
#define __ksym __attribute__((section(\".ksyms\")))
#endif

#ifndef __weak
#define __weak __attribute__((weak))
#endif

#ifndef __bpf_fastcall
#if __has_attribute(bpf_fastcall)
#define __bpf_fastcall __attribute__((bpf_fastcall))
#else
#define __bpf_fastcall
#endif
#endif

",
    );
}

/// Ends a header with the list of its differences.
pub(super) fn end(out: &mut String, differences: &[Difference]) {
    out.push_str(
        "\
#ifdef __clang__
#pragma clang diagnostic pop
#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif
#endif
",
    );
    if !differences.is_empty() {
        out.push_str("\n/*\n * C for BPF cannot express:\n");
        for difference in differences {
            // A name must not end the comment.
            let text = difference.to_string().replace("*/", "*\\/").replace("/*", "/\\*");
            out.push_str(&format!(" *   {text}\n"));
        }
        out.push_str(" */\n");
    }
    out.push_str("\n#endif /* __VMLINUX_H__ */\n");
}

impl<'a> Writer<'_, 'a> {
    /// Declares functions that programs may call, after the types that they need.
    pub(super) fn functions(&mut self, functions: Vec<Node<'a>>) {
        if functions.is_empty() {
            return;
        }
        for function in &functions {
            if let Some(proto) = self.types.referenced(*function) {
                self.meet(proto, Need::Declaration);
            }
        }
        self.out.push_str("#ifndef BPF_NO_KFUNC_PROTOTYPES\n");
        for function in functions {
            let proto = self.types.referenced(function);
            let name = name_of(function.ty).and_then(identifier);
            let (Some(proto), Some(name)) = (proto, name) else { continue };
            self.out.push_str("extern ");
            if self.names.is_fast(function) {
                self.out.push_str("__bpf_fastcall ");
            }
            self.declaration(proto, name, Context::default());
            self.out.push_str(" __weak __ksym;\n");
        }
        self.out.push_str("#endif\n\n");
    }
}
