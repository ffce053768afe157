"""The agreement in words, for both sides to read.

agreement_changes.py  The changes from one agreement to another, as sentences: what each side agrees to by signing the
                      newer one.
agreement_page.py     The agreement as a page: who signed it, whether it is live, and all of it in words, for both
                      sides to read.
agreement_words.py    The agreement in words, section by section, for everybody who does not read TOML: on a page and
                      in the terminal.

Other rooms use:

agreement_changes     changes_in_words
agreement_page        agreement_page
agreement_words       agreement_in_words
"""
