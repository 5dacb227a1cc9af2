drop function content_words(text), narrative_words(text), folded_words(text);
