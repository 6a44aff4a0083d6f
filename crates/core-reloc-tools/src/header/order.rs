//! The order of declarations: each one after those that it needs.

use btf_types::Kind;

use super::{names::TypeName, types::Node, writer::Writer};

/// What a declaration needs of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// That it can be named, in a pointer: C needs no declaration of a struct for that.
    Name,
    /// That it can be named within a prototype, where a struct must have been declared.
    Declaration,
    /// That it has a size.
    Definition,
}

impl Need {
    fn bit(self) -> u8 {
        match self {
            Self::Name => 1,
            Self::Declaration => 2,
            Self::Definition => 4,
        }
    }
}

/// A step towards a header.
#[derive(Debug, Clone, Copy)]
enum Task<'a> {
    Meet(Node<'a>, Need),
    Declare(Node<'a>),
    Define(Node<'a>),
}

impl<'a> Writer<'_, 'a> {
    /// Writes what is needed of a type, after everything that this needs.
    pub(super) fn meet(&mut self, node: Node<'a>, need: Need) {
        let mut tasks = vec![Task::Meet(node, need)];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Meet(node, need) => self.tasks(node, need, &mut tasks),
                Task::Declare(node) => self.declare(node),
                Task::Define(node) => self.define(node),
            }
        }
    }

    /// Adds the tasks that meet a need; the last one is the first to do.
    fn tasks(&mut self, node: Node<'a>, need: Need, tasks: &mut Vec<Task<'a>>) {
        let types = self.types;
        match node.ty.kind() {
            Kind::Fwd => {
                let known = self.names.definition(types, node);
                if known.key != node.key {
                    tasks.push(Task::Meet(known, need));
                } else if need == Need::Declaration {
                    tasks.push(Task::Declare(node));
                }
            }
            Kind::Struct | Kind::Union if !self.names.is_inline(node) => match need {
                Need::Name => {}
                Need::Declaration => tasks.push(Task::Declare(node)),
                Need::Definition => {
                    if self.is_first(node, need) {
                        tasks.push(Task::Define(node));
                        self.meet_members(node, tasks);
                    }
                }
            },
            Kind::Struct | Kind::Union => self.meet_inline(node, tasks),
            Kind::Enum | Kind::Enum64 if self.names.is_inline(node) => {}
            Kind::Enum | Kind::Enum64 => self.meet_enum(node, tasks),
            Kind::Typedef if matches!(self.names.of(node), TypeName::Own(_)) => {
                let Some(to) = types.referenced(node) else { return };
                if need == Need::Definition && self.is_first(node, need) {
                    tasks.push(Task::Meet(to, need));
                }
                if self.is_first(node, Need::Name) {
                    tasks.push(Task::Define(node));
                    tasks.push(Task::Meet(to, Need::Name));
                }
            }
            Kind::FuncProto => self.meet_parameters(node, tasks),
            Kind::Array => {
                if self.is_first(node, Need::Definition)
                    && let Some(array) = node.ty.array()
                    && let Some(element) = types.follow(node, array.element)
                {
                    tasks.push(Task::Meet(element, Need::Definition));
                }
            }
            Kind::Ptr => {
                let need = if need == Need::Definition { Need::Name } else { need };
                self.pass_on(node, need, tasks);
            }
            kind if kind.is_modifier() || kind == Kind::Typedef => self.pass_on(node, need, tasks),
            _ => {}
        }
    }

    fn pass_on(&mut self, node: Node<'a>, need: Need, tasks: &mut Vec<Task<'a>>) {
        if self.is_first(node, need)
            && let Some(to) = self.types.referenced(node)
        {
            tasks.push(Task::Meet(to, need));
        }
    }

    /// Meets what is needed to define a type where it is used.
    fn meet_inline(&mut self, node: Node<'a>, tasks: &mut Vec<Task<'a>>) {
        if self.is_first(node, Need::Definition) {
            self.meet_members(node, tasks);
        }
    }

    fn meet_enum(&mut self, node: Node<'a>, tasks: &mut Vec<Task<'a>>) {
        if self.is_first(node, Need::Definition) {
            tasks.push(Task::Define(node));
        }
    }

    fn meet_parameters(&mut self, proto: Node<'a>, tasks: &mut Vec<Task<'a>>) {
        if !self.is_first(proto, Need::Declaration) {
            return;
        }
        let types = self.types;
        let params = proto.ty.params();
        let ids = params.iter().map(|param| param.type_id()).chain(proto.ty.referenced_id());
        let meet = |id| Some(Task::Meet(types.follow(proto, id)?, Need::Declaration));
        tasks.extend(ids.filter_map(meet));
    }

    fn meet_members(&mut self, node: Node<'a>, tasks: &mut Vec<Task<'a>>) {
        let members = node.ty.members();
        let types = self.types;
        // In reverse: the first member's types come first.
        tasks.extend((0..members.len()).rev().filter_map(|position| {
            let ty = types.follow(node, members.get(position)?.type_id())?;
            Some(Task::Meet(ty, Need::Definition))
        }));
    }

    /// Returns `true` if a need of a type arises for the first time.
    fn is_first(&mut self, node: Node<'a>, need: Need) -> bool {
        !self.mark(node, need.bit())
    }
}
