/** Stands for a current directory that was removed meanwhile: nothing can be here, for a device has nothing below it. */
export const goneDirectory = '/dev/null/gone';

/** The current directory, or {@link goneDirectory}. */
export function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return goneDirectory;
  }
}
