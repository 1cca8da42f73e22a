/** What a run itself lives on: wherever it lies, nothing that holds it is removed. */
export type OwnPlace = { readonly what: keyof typeof ownPlaceWords; readonly path: string };

/** In the words of the evidence, which `clean why` finds its next step by. */
export const ownPlaceWords = {
  root: 'a storage root lies in it',
  journal: 'the journal lies in it',
  quarantine: 'what is held for undo lies in it',
  here: 'this command was started in it',
  'beside-journal': 'it lies in the journal directory',
  'other-root': 'it lies in another storage root, which is looked at by itself',
} as const;
