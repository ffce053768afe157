"""What is known of a lead or its company: values, typed, as they were known at each moment.

history.py       Trait history: the traits of each lead as known at each moment; newest values count, and a first
                 touch stays.
job_title.py     Job titles: the seniority and the department that their words name.
standing.py      Traits as they stand at a moment: what time alone ends, nobody writes down when it ends.
typed_values.py  Typed values: what a client or a file says of a trait, by its kind, and which of it cannot be read.
values.py        Every value that an event gives a trait: typed, with its lead, and from when until when it was known.

Other rooms use:

history          ENDS, FIRST_OF_PUBLIC, TOUCHES, trait_columns, trait_history
job_title        RANKS, seniority
standing         standing_traits
typed_values     SAME_TRAIT, flat_traits, snake_case, unread_values
values           FIRST_TOUCH, TraitValues, trait_values
"""
