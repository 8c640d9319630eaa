"""One letter to one mailbox over SMTP, encrypted and verified unless the relay is on this machine."""

import smtplib
import ssl

from trendwarte.errors import DeliveryError
from trendwarte.settings import Smtp


def post_letter(smtp: Smtp, target: str, letter: bytes) -> str:
    """Hand a letter to the mail server; gives a word on how it was accepted.

    A time-out after the text leaves open whether it was taken: the retry carries the same Message-ID.

    Raises:
        DeliveryError: it was not accepted.
    """
    if not smtp.host:
        raise DeliveryError("no SMTP server is configured; set smtp.host", permanent=False)
    where = f"mail server {smtp.host}:{smtp.port}"
    try:
        with _connected(smtp) as server:
            if smtp.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if smtp.user and smtp.password:
                server.login(smtp.user, smtp.password.get_secret_value())
            server.sendmail(_address(smtp.sender), [target], letter)
        return "accepted by the mail server"
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise DeliveryError(f"{code} {_words(text)}", permanent=500 <= code < 600) from error
    except smtplib.SMTPAuthenticationError as error:
        # Credentials are mended by the operator, not by giving the letter up.
        raise DeliveryError(f"{where}: {error.smtp_code} login refused; check smtp.user", permanent=False) from None
    except smtplib.SMTPSenderRefused as error:
        raise DeliveryError(f"{error.smtp_code} sender refused; check smtp.sender", permanent=False) from error
    except smtplib.SMTPResponseException as error:
        words = _words(error.smtp_error)
        raise DeliveryError(f"{error.smtp_code} {words}", permanent=500 <= error.smtp_code < 600) from error
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryError(f"{where}: {error}", permanent=False) from error
    except UnicodeEncodeError as error:
        raise DeliveryError("the address has letters outside ASCII; write it without", permanent=True) from error
    except ssl.SSLCertVerificationError as error:
        raise DeliveryError(f"{where}: certificate not accepted ({error.verify_message})", permanent=False) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"{where}: {type(error).__name__}", permanent=False) from error


def _connected(smtp: Smtp) -> smtplib.SMTP:
    if smtp.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=smtp.timeout_s, context=context)
    return smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_s)


def _address(sender: str) -> str:
    """``Trendwarte <a@b>`` in the letter, ``a@b`` on the envelope."""
    return sender.rpartition("<")[2].rstrip("> ")


def _words(text: bytes | str) -> str:
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else text)[:200]
